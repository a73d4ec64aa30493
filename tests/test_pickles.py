"Pickles that want to do something: none may, each is refused in one line; pickles of plain data come out whole."
import gzip
import io
import json
import os
import pickle
import struct
import subprocess
import sys
from collections import Counter, OrderedDict, defaultdict, deque

import numpy as np
import pytest

from signbook.core import SignbookError
from signbook.data.pickles import PlainUnpickler, convert, unfold


def taken(data):
    "What a pickle holds, read in this process."
    return unfold(PlainUnpickler(io.BytesIO(data), encoding='latin-1').load())


class Call:
    "Pickles as a call of a function."
    def __init__(self, function, *args): self.call = function, args
    def __reduce__(self): return self.call


def code(name, *args, protocol=0):
    "A pickle that calls a function by its dotted name with some texts."
    module, function = name.rsplit('.', 1)
    return f'c{module}\n{function}\n('.encode() + b''.join(b'V' + a.encode() + b'\n' for a in args) + b'tR.'


def dumped(value, protocol=4): return pickle.dumps(value, protocol)

def reconstructed(kind=b'cnumpy\nndarray\n', dtype=b"cnumpy\ndtype\n(Vf4\nI00\nI01\ntR", shape=b'(I2\nt', raw=b'B\x08\x00\x00\x00' + bytes(8), order=b'I00\n', version=b'I1\n', build=None):
    "An array as numpy writes it, any part of which can be something else."
    start = b'cnumpy.core.multiarray\n_reconstruct\n(' + kind + b'(I0\nt' + b'Vb\n' + b'tR'
    return start + (build or b'(' + version + shape + dtype + order + raw + b't') + b'b.'

def typed(text, state=b''): return b'cnumpy\ndtype\n(V' + text + b'\nI00\nI01\ntR' + state


CALLS = ['os.system', 'posix.system', 'nt.system', 'subprocess.Popen', 'subprocess.check_output', 'builtins.eval', 'builtins.exec', 'builtins.getattr', 'builtins.open',
         'builtins.__import__', 'builtins.compile', 'builtins.globals', 'builtins.bytearray', 'builtins.type', 'builtins.object', 'builtins.map', 'builtins.range', '__builtin__.eval',
         'importlib.import_module', 'runpy.run_path', 'pickle.loads', '_pickle.loads', 'marshal.loads', 'types.CodeType', 'types.FunctionType', 'functools.partial',
         'operator.attrgetter', 'operator.methodcaller', 'copyreg._reconstructor', 'copyreg.__newobj__', 'copy_reg._reconstructor', 'ctypes.CDLL', 'socket.socket',
         'shutil.rmtree', 'pathlib.Path', 'codecs.decode', '_codecs.decode', 'collections.Counter', 'collections.namedtuple', 'numpy.load', 'numpy.fromfile', 'numpy.memmap',
         'numpy.core.multiarray.fromfile', 'numpy.core.multiarray.array', 'numpy.testing._private.utils.runstring', 'numpy.ndarray.tofile', 'torch._utils._rebuild_tensor_v2',
         'torch.load', 'torch.storage._load_from_bytes', 'joblib.numpy_pickle.NumpyArrayWrapper', 'pandas.core.frame.DataFrame', 'scipy.sparse._csr.csr_matrix',
         'signbook.data.pickles.convert', 'signbook.core.read_bytes', '__main__.anything', 'os.path.join', 'sys.exit', 'webbrowser.open', 'datetime.datetime', 'decimal.Decimal']


@pytest.mark.parametrize('name', CALLS)
def test_calls_are_refused(name):
    with pytest.raises(SignbookError, match=re_name(name)): taken(code(name, 'touch /tmp/never'))
    module, function = name.rsplit('.', 1)
    data = b'\x80\x04\x8c' + bytes([len(module)]) + module.encode() + b'\x8c' + bytes([len(function)]) + function.encode() + b'\x93)\x81.'   # STACK_GLOBAL, NEWOBJ
    with pytest.raises(SignbookError): taken(data)


def re_name(name): return name.replace('.', r'\.') + '$'


@pytest.mark.parametrize('protocol', range(6))
@pytest.mark.parametrize('value', [Call(os.system, 'touch {}'), Call(eval, "open('{}', 'w')"), [1, {'deep': (2, Call(exec, "open('{}', 'w')"))}]])
def test_nothing_is_run_in_any_protocol(tmp_path, protocol, value):
    mark = tmp_path/'was-run'
    def fill(v):
        if isinstance(v, Call): return Call(v.call[0], *(a.format(mark) for a in v.call[1]))
        if isinstance(v, dict): return {k: fill(x) for k, x in v.items()}
        return type(v)(map(fill, v)) if isinstance(v, (list, tuple)) else v
    with pytest.raises(SignbookError): taken(pickle.dumps(fill(value), protocol))
    assert not mark.exists()


HOSTILE = {
    'objects in an array': dumped(np.array([{}, None], object)),
    'objects in an array, protocol 5': dumped(np.array([{}, None], object), 5),
    'records': dumped(np.zeros(3, [('a', 'f4'), ('b', 'O')])),
    'records of numbers': dumped(np.zeros(3, [('a', 'f4')])),
    'dates': dumped(np.array(['2020-01-01'], 'M8[D]')),
    'an object scalar': b'cnumpy.core.multiarray\nscalar\n(' + typed(b'O8') + b'Vx\ntR.',
    'scalar without a type': b'cnumpy.core.multiarray\nscalar\n(Vx\nVy\ntR.',
    'a masked array': dumped(np.ma.array([1, 2])),
    'a matrix': dumped(np.matrix([[1]])),
    'array of another class': reconstructed(kind=b'Vndarray\n'),
    'array of type set': reconstructed(kind=b'c__builtin__\nset\n'),
    'shape that is a text': reconstructed(shape=b'V2\n'),
    'negative shape': reconstructed(shape=b'(I-2\nt'),
    'huge shape': reconstructed(shape=b'(L99999999999L\nL99999999999L\nt'),
    'boolean shape': reconstructed(shape=b'(I01\nI01\nt'),
    'many axes': reconstructed(shape=b'(' + b'I1\n'*40 + b't', raw=b'B\x04\x00\x00\x00' + bytes(4)),
    'bytes too few': reconstructed(raw=b'B\x04\x00\x00\x00' + bytes(4)),
    'bytes that are a list': reconstructed(raw=b'(I1\nI2\nl'),
    'no state': reconstructed(build=b'N'),
    'state of another length': reconstructed(build=b'(I1\nt'),
    'state that is a dict': reconstructed(build=b'(Vdata\nI1\nd'),
    'no type': reconstructed(dtype=b'N'),
    'type by number': reconstructed(dtype=b'cnumpy\ndtype\n(I7\ntR'),
    'type with fields': reconstructed(dtype=typed(b'f4', b'(I3\nV<\nN(Va\nt(dI4\nI1\nI0\ntb')),
    'type of odd order': reconstructed(dtype=typed(b'f4', b'(I3\nV#\nNNNI-1\nI-1\nI0\ntb')),
    'type with an endless text': reconstructed(dtype=typed(b'S99999999')),
    'type that is called with more': b'cnumpy\ndtype\n(Vf4\nI0\nI1\nI2\nI3\ntR.',
    'a type alone': typed(b'f4') + b'.',
    'a class alone': b'cnumpy\nndarray\n.',
    'a function alone': b'cnumpy.core.multiarray\n_reconstruct\n.',
    'changing a function': b'cnumpy.core.multiarray\n_reconstruct\n}Vrun\ncbuiltins\nset\nsb.',
    'changing a function by slots': b'cnumpy.core.multiarray\nscalar\nN}Vrun\ncbuiltins\nset\ns\x86b.',
    'changing the class of arrays': b'cnumpy\nndarray\n}Vx\nI1\nsb.',
    'changing OrderedDict': b'ccollections\nOrderedDict\nN}Vx\nI1\ns\x86b.',
    'changing an array twice': reconstructed()[:-1] + b'}V__class__\nI1\nsb.',
    'a name below a name': b'\x80\x04\x8c\x0bcollections\x8c\x14OrderedDict.__init__\x93.',
    'a name below ndarray': b'\x80\x04\x8c\x05numpy\x8c\x0endarray.tofile\x93.',
    'bytes by a call': b'c__builtin__\nbytes\n(L99999999999L\ntR.',
    'another encoding': b'c_codecs\nencode\n(Vx\nVrot13\ntR.',
    'a reference by protocol 0': b'Pstorage\n.',
    'a torch storage': b'\x80\x02(\x8c\x07storage\x8c\x05float\x8c\x010tQ.',
    'an extension': b'\x80\x02\x82\x01.',
    'an instance, old style': b'(ios\nsystem\n.',
    'a frozen date': dumped(__import__('datetime').datetime(2020, 1, 1)),
    'a counter': dumped(Counter('abc')),
    'a defaultdict': dumped(defaultdict(list, a=[1])),
    'a deque': dumped(deque([1])),
    'a complex key': dumped({(1, 2): 3}),
    'bytes that are no text': dumped({'a': b'\xff\xfe'}),
    'a bytearray': dumped(bytearray(b'abc'), 5),
    'a buffer outside the file': b'\x80\x05\x97.',
}


def endless():
    "A list in itself; a list of lists of lists that is the same list; a deep one."
    loop = []; loop.append(loop)
    laugh = ['ha']
    for _ in range(30): laugh = [laugh]*8
    text = 'ha'*1000
    for _ in range(8): text = [text]*50
    return {'a loop': pickle.dumps(loop), 'laughs': pickle.dumps(laugh), 'laughing text': pickle.dumps(text), 'deep': b']'*5000 + b'a'*4999 + b'.',
            'the same array, often': pickle.dumps([np.zeros(100_000)]*10_000)}


@pytest.mark.parametrize('name', [*HOSTILE, *endless()])
def test_what_is_no_plain_data_is_refused(monkeypatch, name):
    monkeypatch.setattr('signbook.data.pickles.MOST', 1_000_000)        # sooner than usual
    data = HOSTILE.get(name) or endless()[name]
    with pytest.raises((SignbookError, pickle.UnpicklingError, TypeError, ValueError, AttributeError)) as caught: taken(data)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize('name', ['objects in an array', 'changing a function', 'changing OrderedDict', 'type that is called with more', 'a buffer outside the file', 'a name below a name'])
def test_every_refusal_is_one_line_outside(tmp_path, name):
    (tmp_path/'a.pkl').write_bytes(HOSTILE[name])
    with pytest.raises(SignbookError, match=r'a\.pkl: expected a pickle of plain data, got one that is refused: .*; ask whoever made it') as caught: convert(tmp_path/'a.pkl', tmp_path/'a.json')
    assert '\n' not in str(caught.value) and sorted(p.name for p in tmp_path.iterdir()) == ['a.pkl']


@pytest.mark.parametrize('data, says', [
    (b'', 'damaged'), (b'not a pickle', 'damaged'), (pickle.dumps([1, 2, 3])[:-4], 'damaged'),
    (b'\x80\x04\x8e' + struct.pack('<Q', 1 << 45) + b'abc', 'memory|damaged'),                # says that 32 TB follow
    (b'\x8b' + struct.pack('<i', 1 << 30) + b'a', 'memory|damaged'),
    (gzip.compress(b'\x80\x04\x8e' + struct.pack('<Q', 400 << 20) + bytes(400 << 20), 1), 'memory'),   # 400 MB in 400 kB
])
def test_damage_and_greed(tmp_path, data, says):
    (tmp_path/'a.pkl').write_bytes(data)
    with pytest.raises(SignbookError, match=says): convert(tmp_path/'a.pkl', tmp_path/'a.npz', memory_mb=200)
    assert not (tmp_path/'a.npz').exists()


def test_time_is_limited(tmp_path):
    "The child sets its own limit before it opens the file; here the reading itself never ends."
    (tmp_path/'a.pkl').write_bytes(pickle.dumps([1]))
    code = ("import sys, signbook.data.pickles as p\n"
            "p.write_plain = lambda *a: [None for _ in iter(int, 1)]\n"
            "p._child(sys.argv[1], sys.argv[2], '500', '1')")
    done = subprocess.run([sys.executable, '-c', code, str(tmp_path/'a.pkl'), str(tmp_path/'a.json')], capture_output=True)
    assert done.returncode < 0, 'the system ends it'


PLAIN = {
    'csl': dict(info=[dict(name='S000020', label_gloss=['他', '今天'], signer=3, time=0.5, test=True, none=None)], gloss_map=['他']),
    'nested': {'a': [1, (2.5, 'x'), {'b': {1, 2}}], 'c': OrderedDict(d=frozenset('e'))},
    'numpy numbers': {'length': np.int64(80), 'rate': np.float32(.5), 'good': np.bool_(True), 'name': np.str_('x')},
    'large': {'n': 1 << 70, 'text': 'ü'*5000, 'empty': [], 'bytes': b''},
}


@pytest.mark.parametrize('protocol', range(6))
@pytest.mark.parametrize('name', PLAIN)
def test_plain_data_comes_out(name, protocol):
    def simple(v):
        if isinstance(v, dict): return {str(k): simple(x) for k, x in v.items()}
        if isinstance(v, (set, frozenset)): return sorted(v, key=repr)
        if isinstance(v, (list, tuple)): return [simple(x) for x in v]
        return v.item() if isinstance(v, np.generic) else v.decode() if isinstance(v, bytes) else v
    assert taken(pickle.dumps(PLAIN[name], protocol)) == simple(PLAIN[name])


@pytest.mark.parametrize('protocol', range(6))
@pytest.mark.parametrize('make', [
    lambda: np.arange(24, dtype='f4').reshape(2, 3, 4), lambda: np.asfortranarray(np.arange(12.).reshape(3, 4)), lambda: np.arange(6, dtype='>i2'), lambda: np.array(3.5),
    lambda: np.zeros((0, 5), 'u1'), lambda: np.array([True, False]), lambda: np.array(['ab', 'ü']), lambda: np.array([b'ab']), lambda: np.arange(3)*1j, lambda: np.arange(9)[::2],
    lambda: np.arange(4, dtype='f2'), lambda: np.array([1, 2], 'i8')])
def test_arrays_come_out_whole(protocol, make):
    array = make()
    out = taken(pickle.dumps({'x': array}, protocol))['x']
    assert out.dtype == array.dtype and out.shape == array.shape
    np.testing.assert_array_equal(out, array)


def test_python_2_wrote_arrays_too():
    "Protocol 2 of Python 2: bytes are texts, modules have their old names."
    data = (b"\x80\x02}q\x01U\x01xcnumpy.core.multiarray\n_reconstruct\nq\x02cnumpy\nndarray\nq\x03K\x00\x85U\x01b\x87Rq\x04(K\x01K\x02\x85cnumpy\ndtype\nU\x02f4K\x00K\x01\x87R"
            b"(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x08\x00\x00\x80\x3f\x00\x00\x00\x40tbs.")
    np.testing.assert_array_equal(taken(data)['x'], np.array([1, 2], 'f4'))


def test_files_of_datasets(tmp_path):
    (tmp_path/'a.pkl').write_bytes(pickle.dumps(PLAIN['csl']))
    assert json.loads(convert(tmp_path/'a.pkl', tmp_path/'a.json').read_text(encoding='utf-8'))['info'][0]['label_gloss'] == ['他', '今天']
    (tmp_path/'b.pkl').write_bytes(gzip.compress(pickle.dumps({'pose': np.ones((3, 2)), 'fps': 25})))
    with np.load(convert(tmp_path/'b.pkl', tmp_path/'b.npz')) as z: assert z['pose'].shape == (3, 2) and z['fps'] == 25


def test_frames_keep_their_order(tmp_path):
    frames = tmp_path/'clip'; frames.mkdir()
    for i in (0, 1, 2, 9, 10, 11, 100): (frames/f'clip_{i}_3D.pkl').write_bytes(pickle.dumps({'smplx_jaw_pose': np.full((1, 3), i)}))
    with np.load(convert(frames, tmp_path/'clip.npz')) as z: np.testing.assert_array_equal(z['smplx_jaw_pose'][:, 0], [0, 1, 2, 9, 10, 11, 100])
    (frames/'clip_5_3D.pkl').write_bytes(pickle.dumps({'smplx_jaw_pose': np.zeros((1, 4))}))
    with pytest.raises(SignbookError, match='frame 4 with other names or shapes'): convert(frames, tmp_path/'again.npz')
    (frames/'clip_5_3D.pkl').write_bytes(pickle.dumps(Call(os.system, 'true')))
    with pytest.raises(SignbookError, match='system'): convert(frames, tmp_path/'again.npz')


def test_what_json_and_npz_cannot_hold(tmp_path):
    for value, name, says in (({'a': float('nan')}, 'a.json', 'refused'), ({'a': 1j}, 'a.json', 'complex'), ({'a': [[1], [2, 3]]}, 'a.npz', 'different lengths'),
                              ({'a': None}, 'a.npz', 'no array'), ({'../a': 1}, 'a.npz', 'the name')):
        (tmp_path/'a.pkl').write_bytes(pickle.dumps(value))
        with pytest.raises(SignbookError, match=says): convert(tmp_path/'a.pkl', tmp_path/name)


def test_the_arrays_of_these_tests_are_good_ones():
    "What is refused above is refused for the part that was changed."
    np.testing.assert_array_equal(taken(reconstructed()), np.zeros(2, 'f4'))


def test_what_is_asked_must_make_sense(tmp_path):
    with pytest.raises(SignbookError, match='ends in .json or .npz'): convert(tmp_path/'a.pkl', tmp_path/'a.pkl2')
    with pytest.raises(SignbookError, match='expected a pickle, or a folder'): convert(tmp_path/'a.pkl', tmp_path/'a.json')
    with pytest.raises(SignbookError, match='expected a pickle, or a folder'): convert(tmp_path, tmp_path/'a.npz')


def test_the_command(tmp_path):
    (tmp_path/'a.pkl').write_bytes(pickle.dumps([1, 2]))
    (tmp_path/'b.pkl').write_bytes(pickle.dumps(Call(os.system, 'true')))
    run = lambda *args: subprocess.run([sys.executable, '-m', 'signbook.data.pickles', *args], cwd=tmp_path, capture_output=True, text=True)
    good, bad, odd = run('a.pkl', 'a.json'), run('b.pkl', 'b.json'), run('a.pkl')
    assert (good.returncode, (tmp_path/'a.json').read_text()) == (0, '[1, 2]')
    assert bad.returncode == 1 and bad.stderr.count('\n') == 1 and 'system' in bad.stderr
    assert odd.returncode == 2 and 'usage' in odd.stderr
