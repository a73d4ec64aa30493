"Commands for models of language as a shell sees them: killed and begun again, corpora in every layout, and what they say of mistakes."
import json
import os
import random
import signal
import subprocess
import sys

import numpy as np
import pytest

from signbook.cli import run
from signbook.core import SignbookError
from signbook.data.pairs import Pairs, find_parts, leaks, marks_back, unique

torch = pytest.importorskip('torch')
pytest.importorskip('sacrebleu')

PROGRAM = [sys.executable, '-c', 'from signbook.cli import main; main()']
WHO, WHAT = ('BOY', 'GIRL', 'DOG', 'CAT', 'TEACHER'), ('SLEEP', 'RUN', 'EAT', 'SING', 'READ', 'WAIT')
TOY = [(f'{w} {v}', f'{"a" if len(w) > 3 else "the"} {w.lower()} will {v.lower()} .') for w in WHO for v in WHAT]
SPLITS = {'train': [p for n, p in enumerate(TOY) if n % 5 > 1], 'dev': TOY[::5], 'test': TOY[1::5]}
QUICK = 'epochs = 12\nkeep = 2\nmerges = 40\nwidth = 32\nhidden = 32\nheads = 2\nlayers = 1\ntokens = 128\nrate = 0.01\nwarm_up = 10\nagree = 0.0\naverage = 3\n'


@pytest.fixture
def corpus(tmp_path):
    "A folder with a corpus, and a recipe beside it."
    torch.set_num_threads(1)
    folder = tmp_path/'corpus'
    folder.mkdir()
    for split, pairs in SPLITS.items():
        (folder/f'{split}.tsv').write_text('gloss\ttext\n' + ''.join(f'{g}\t{t}\n' for g, t in pairs))
    (tmp_path/'quick.toml').write_text(QUICK)
    return folder


def words(*parts):
    return [str(p) for p in parts]


def train(corpus, out, *more):
    return words('train', corpus.parent/'quick.toml', '--data', corpus, '--out', out, *more)


def killed_after(command, lines):
    "Start a command, and kill it when it has said so many lines; whether it was still running."
    process = subprocess.Popen([*PROGRAM, *command], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env={**os.environ, 'OMP_NUM_THREADS': '1'})
    for _ in range(lines):
        process.stderr.readline()
    process.kill()
    process.communicate()
    return process.returncode == -signal.SIGKILL


def test_a_run_killed_again_and_again_ends_in_the_same_bytes(corpus, tmp_path, capsys):
    rng = random.Random(1)
    kills = sum(killed_after(train(corpus, tmp_path/'killed'), rng.randint(1, 5)) for _ in range(3))
    assert kills == 3 and not (tmp_path/'killed'/'model.safetensors').exists()
    assert run(train(corpus, tmp_path/'killed')) == run(train(corpus, tmp_path/'whole')) == 0
    assert (tmp_path/'killed'/'model.safetensors').read_bytes() == (tmp_path/'whole'/'model.safetensors').read_bytes()
    assert sorted(os.listdir(tmp_path/'killed')) == sorted(os.listdir(tmp_path/'whole')) == ['model.safetensors', 'settings.json']
    before = os.stat(tmp_path/'whole'/'model.safetensors').st_mtime_ns
    capsys.readouterr()
    assert run(train(corpus, tmp_path/'whole')) == 0 and capsys.readouterr().err == '' and os.stat(tmp_path/'whole'/'model.safetensors').st_mtime_ns == before


def test_left_overs_of_a_kill_are_cleared_and_two_at_once_are_refused(corpus, tmp_path, capsys):
    from signbook.data.shards import alone
    out = tmp_path/'run'
    (out/'.run.safetensors.abcd_123').mkdir(parents=True)
    (out/'.run.safetensors.abcd_123'/'run.safetensors').write_bytes(b'half')
    with alone(out):
        assert run(train(corpus, out)) == 2 and 'no other job' in capsys.readouterr().err
    assert run(train(corpus, out)) == 0 and sorted(os.listdir(out)) == ['model.safetensors', 'settings.json']


def test_other_pairs_or_another_recipe_are_refused_in_a_folder(corpus, tmp_path, capsys):
    assert run(train(corpus, tmp_path/'run')) == 0
    assert run(train(corpus, tmp_path/'run', '--seed', '4')) == 2 and 'another recipe.seed' in capsys.readouterr().err
    with open(corpus/'train.tsv', 'a') as f:
        f.write('NEW PAIR\ta new pair\n')
    assert run(train(corpus, tmp_path/'run')) == 2 and 'fingerprints.train' in capsys.readouterr().err


def test_an_evaluation_says_what_it_depends_on(corpus, tmp_path, capsys):
    command = words('evaluate', tmp_path/'quick.toml', '--data', corpus, '--split', 'test', '--json', tmp_path/'found.json', '--seeds', 2, '--samples', 4, '--second-opinion', '--direction', 'text')
    assert run(command) == 0
    out, err = capsys.readouterr()
    found = json.loads((tmp_path/'found.json').read_text())
    assert sorted(os.listdir(tmp_path/'found_runs')) == ['seed_0', 'seed_1'] and err.count('epoch 12') == 2
    assert found['reward_chosen_on'] == 'dev; test had no part in it' and found['seeds'] == [0, 1] and found['recipe']['epochs'] == 12
    assert found['data']['pairs'] == {'train': 18, 'dev': 6, 'test': 6} and found['shared_with_training']['exact'] == {'pair': 0., 'glosses': 0., 'text': 0.}
    systems = found['gloss_to_text']['systems']
    assert {'seed 0', 'seed 1', 'together', 'mean of seeds', 'seed 0, most agreed', 'together, second opinion', 'copy', 'nearest pair', 'commonest sentence'} <= systems.keys() and 'text_to_gloss' not in found
    assert systems['mean of seeds']['chrf'] == pytest.approx(np.mean([systems['seed 0']['chrf'], systems['seed 1']['chrf']]))
    low, high = systems['together']['older_bleu4_95']
    assert low <= systems['together']['older_bleu4'] <= high and 'sacrebleu' in found['versions'] and 'nrefs:1' in out
    models = [tmp_path/'found_runs'/f'seed_{k}'/'model.safetensors' for k in (0, 1)]
    reward = found['gloss_to_text']['rewards']['together']
    assert run(words('evaluate', '--model', models[0], '--model', models[1], '--data', corpus, '--split', 'test', '--json', tmp_path/'files.json', '--reward', reward)) == 0
    again = json.loads((tmp_path/'files.json').read_text())
    assert again['gloss_to_text']['systems']['together'] == systems['together'] and again['reward_chosen_on'] == 'nothing: it was given'
    capsys.readouterr()
    assert run(command) == 0 and 'epoch' not in capsys.readouterr().err, 'what is trained is not trained again'
    assert json.loads((tmp_path/'found.json').read_text()) == found


def told(answers):
    "A system that gives these answers to whatever it is asked, and never a good one alone."
    from signbook.translation.scoring import System
    from signbook.translation.seq2seq import Said
    return System(lambda lines, to, samples=0: [[Said('will', -1., 1), Said(answers[l], -3., 5)] for l in lines], ('text',))


def test_the_reward_is_chosen_on_dev_whatever_is_scored(corpus):
    from signbook.translation.scoring import evaluate
    pairs, answers = Pairs(corpus), dict(p for s in SPLITS for p in SPLITS[s])
    wrong = answers | {g: 'quite another answer of many words' for g, _ in SPLITS['test']}
    found = [evaluate(pairs, 'test', {'x': told(a)})['gloss_to_text'] for a in (answers, wrong)]
    assert found[0]['rewards'] == found[1]['rewards'] == {'x': .55}, 'from there on the longer answer is ahead on dev, which no answer to test may change'
    assert [f['systems']['x']['exact_match'] for f in found] == [1, 0]


def test_glosses_are_scored_as_their_corpus_writes_them(tmp_path):
    from signbook.translation.scoring import System, evaluate
    from signbook.translation.seq2seq import Said
    rows = [(f'{w} SEE DESC-FAR X-WE .', f'{w.lower()} sees us far away .') for w in (*WHO, *WHAT)]*2
    for name, side in (('train.gloss.asl', 0), ('train.en', 1), ('dev.gloss.asl', 0), ('dev.en', 1)): (tmp_path/name).write_text(''.join(f'{r[side]}\n' for r in rows))
    pairs = Pairs(tmp_path)
    assert pairs['dev'][0][0] == 'BOY SEE DESC- FAR X- WE .'
    made = System(lambda lines, to, samples=0: [[Said('BOY SEE DESC- FAR X- YOU .', -1., 7)] for _ in lines], ('gloss',))
    scores = evaluate(pairs, 'dev', {'x': made})['text_to_gloss']['systems']['x']
    assert scores['older_bleu1'] == pytest.approx(100*(3*22 + 2)/(5*22)), 'of five glosses three are right, and BOY in two lines of 22; apart they would be seven'


def test_leaks_are_counted_in_every_sense():
    found = leaks([('BOY RUN', 'The boy is running home.'), ('GIRL', 'snow')], [('boy run', 'the boy is running home'), ('CAT', 'he sees that the boy is running home now')])
    assert found['exact'] == {'pair': 0, 'glosses': 0, 'text': 0} and found['normalised'] == found['near'] == {'pair': .5, 'glosses': .5, 'text': .5}


def test_a_sentence_from_a_model_of_ones_own(corpus, tmp_path, capsys):
    from signbook.translation.length import sentences
    assert run(train(corpus, tmp_path/'run', '--direction', 'text')) == 0
    model = str(tmp_path/'run'/'model.safetensors')
    capsys.readouterr()
    assert run(['gloss-to-text', 'GIRL SLEEP. DOG RUN.', '--model', model, '--best', '3', '--json']) == 0
    found = json.loads(capsys.readouterr().out)
    assert 1 <= len(found) <= 3 and len(sentences(found[0]['text'])) == 2 and all(f['logp'] <= 0 for f in found)
    assert run(['gloss-to-text', 'GIRL SLEEP', '--model', model, '--sentences', '3']) == 0 and len(sentences(capsys.readouterr().out)) == 3
    assert run(['gloss-to-text', 'The girl is sleeping on the sofa.', '--model', model]) == 2
    err = capsys.readouterr().err
    assert err.startswith('signbook: glosses: expected a gloss line') and err.count('\n') == 1


def test_a_chat_recipe_goes_the_same_way(corpus, tmp_path, monkeypatch, capsys):
    pytest.importorskip('trl')
    monkeypatch.setenv('HF_HUB_OFFLINE', '1')
    from signbook.translation.causal import build, learn_tokenizer, save_base
    save_base(build('tiny', learn_tokenizer([side for p in TOY for side in p], 300)), tmp_path/'base')
    (tmp_path/'chat.toml').write_text('method = "lora"\ntargets = "all-linear"\nepochs = 2\nrows = 8\naccumulate = 1\nrate = 0.01\nwarm_up = 1\n')
    more = words('--data', corpus, '--base', tmp_path/'base')
    assert run(words('train', tmp_path/'chat.toml', '--out', tmp_path/'runs'/'seed_0') + more) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"{tmp_path/'runs'/'seed_0'/'model'}: ") and err.count('epoch') == 2 and (tmp_path/'runs'/'seed_0'/'model'/'adapter_model.safetensors').is_file()
    assert run(words('evaluate', tmp_path/'chat.toml', '--split', 'test', '--json', tmp_path/'o.json', '--out', tmp_path/'runs') + more) == 0
    found = json.loads((tmp_path/'o.json').read_text())
    assert 'epoch' not in capsys.readouterr().err and found['base'] == str(tmp_path/'base') and {'seed 0', 'nearest pair'} <= found['gloss_to_text']['systems'].keys()


def test_who_writes_the_glosses(tmp_path, monkeypatch, capsys):
    from signbook import pipeline
    asked, rules = [], pipeline.gloss_line
    monkeypatch.setattr(pipeline, 'gloss_line', lambda *a, by='rules', **how: (asked.append(by), rules(*a, **how))[1])
    assert run(['gloss', 'hello', '--by', 'model']) == run(['gloss', 'hello']) == 0 and asked == ['model', 'rules']
    monkeypatch.undo()
    assert run(['sign', 'hello', '-o', str(tmp_path/'x.npz'), '--by', 'nobody']) == 2 and 'rules or model' in capsys.readouterr().err
    assert run(['gloss', 'hello', '--language', 'bfi', '--by', 'model']) == 2 and os.listdir(tmp_path) == []


def test_what_the_model_that_ships_withholds_is_said(monkeypatch, capsys):
    from signbook import pipeline
    from signbook.translation.asl import Reading
    monkeypatch.setattr(pipeline, 'gloss_to_text', lambda line, language, best, sentences, least: [Reading('Do you want to go?', .8, -2.), Reading('You want to go?', .6, -3.)][:best])
    assert run(['gloss-to-text', 'YOU WANT GO?']) == 0 and capsys.readouterr().out == 'Do you want to go?\n'
    assert run(['gloss-to-text', 'YOU WANT GO?', '--best', '2']) == 0 and capsys.readouterr().out == '0.80 Do you want to go?\n0.60 You want to go?\n'
    monkeypatch.setattr(pipeline, 'gloss_to_text', lambda *a: [Reading('', .1, -9., 'not sure; ask with least=0', 'Go go go.')])
    assert run(['gloss-to-text', 'YOU WANT GO?']) == 1
    assert capsys.readouterr() == ('', 'not sure; ask with --least 0; it might be: Go go go.\n')
    assert run(['gloss-to-text', 'YOU WANT GO?', '--json']) == 1 and json.loads(capsys.readouterr().out)[0]['guess'] == 'Go go go.'


def test_bert_score_is_named_with_its_layer(tmp_path, monkeypatch, capsys):
    from signbook.evaluation import text
    monkeypatch.setattr(text, 'bert_score', lambda texts, model, layer, baseline: {'precision': .5, 'recall': .5, 'f1': .5, 'model': model, 'layer': layer, 'rescaled': baseline is not None})
    (tmp_path/'h').write_text('it rains\n')
    assert run(words('metrics', 'text', tmp_path/'h', tmp_path/'h', '--bert', 'mine', '--layer', 3, '--json', tmp_path/'o.json')) == 0
    assert 'BERTScore F1 0.5000: mine, layer 3, not rescaled' in capsys.readouterr().out and json.loads((tmp_path/'o.json').read_text())['bert_score']['layer'] == 3


def test_the_model_that_ships_speaks_and_keeps_silent(capsys):
    from signbook.core import assets
    if not assets('translation', 'ase_eng.safetensors').is_file(): pytest.skip('no model ships')
    assert run(['gloss-to-text', 'YOU WANT GO DRINK AFTER DINNER?', '--least', '0', '--json']) == 0
    found = json.loads(capsys.readouterr().out)[0]
    assert found['text'].endswith('?') and 'dinner' in found['text'] and 0 < found['confidence'] <= 1
    assert run(['gloss-to-text', 'YOU WANT GO DRINK AFTER DINNER?', '--least', '1']) == 1
    out, err = capsys.readouterr()
    assert out == '' and '--least 0' in err and found['text'] in err
    assert run(['gloss-to-text', 'YOU', '--language', 'gsg']) == 2 and 'gsg' in capsys.readouterr().err


MISTAKES = [
    (['train', 'stong', '--data', 'corpus', '--out', 'x'], 'did you mean strong'),
    (['train', 'nothing.toml', '--data', 'corpus', '--out', 'x'], 'or a TOML file'),
    (['train', 'bad.toml', '--data', 'corpus', '--out', 'x'], "got 'wdith'"),
    (['train', 'quick.toml', '--data', 'nowhere', '--out', 'x'], 'nothing there'),
    (['train', 'quick.toml', '--data', 'empty', '--out', 'x'], 'put train.gloss and train.text'),
    (['train', 'quick.toml', '--data', 'quick.toml', '--out', 'x'], 'a file'),
    (['train', 'quick.toml', '--data', 'corpus', '--out', 'quick.toml/x'], 'can be made'),
    (['train', 'quick.toml', '--data', 'corpus', '--out', 'x', '--direction', 'up'], 'both, text, gloss'),
    (['train', 'quick.toml', '--data', 'corpus', '--out', 'x', '--device', 'tpu'], 'cpu or cuda'),
    (['train', 'quick.toml', '--data', 'corpus', '--out', 'x', '--device', 'cuda:99'], 'GPU that torch can use'),
    (['train', 'quick.toml', '--data', 'corpus', '--out', 'x', '--unique', 'some'], '--unique: expected exact or normalised'),
    (['train', 'quick.toml', '--data', 'corpus'], '--out'),
    (['train', 'chat_tiny', '--data', 'corpus', '--out', 'x'], '--base MODEL'),
    (['train', 'chat_tiny', '--data', 'corpus', '--out', 'x', '--base', 'empty'], 'without config.json'),
    (['train', 'quick.toml', '--data', 'corpus', '--out', 'x', '--base', 'empty'], 'with a chat recipe'),
    (['evaluate', 'quick.toml', '--data', 'corpus', '--split', 'tset', '--json', 'x.json'], 'dev, test, train, got'),
    (['evaluate', 'quick.toml', '--data', 'corpus', '--split', 'train', '--json', 'x.json'], 'dev or test, got train'),
    (['evaluate', 'quick.toml', '--data', 'corpus', '--json', 'x.json', '--reward', '1', '--second-opinion'], 'no reward'),
    (['evaluate', 'quick.toml', '--data', 'corpus', '--json', 'x.txt'], '.json'),
    (['evaluate', 'quick.toml', '--data', 'corpus', '--json', 'nowhere/x.json'], 'create nowhere'),
    (['evaluate', 'quick.toml', '--data', 'corpus'], '--json OUT'),
    (['evaluate', 'quick.toml', '--json', 'x.json'], '--data DIR'),
    (['evaluate', '--data', 'corpus', '--json', 'x.json'], 'RECIPE or --model'),
    (['evaluate', 'quick.toml', '--model', 'quick.toml', '--data', 'corpus', '--json', 'x.json'], 'RECIPE or --model'),
    (['evaluate', '--model', 'quick.toml', '--data', 'corpus', '--json', 'x.json'], 'expected safetensors'),
    (['evaluate', '--model', 'none', '--data', 'corpus', '--json', 'x.json'], 'nothing there'),
    (['evaluate', '--model', 'quick.toml', '--seeds', '2', '--data', 'corpus', '--json', 'x.json'], 'leave them out'),
    (['evaluate', 'quick.toml', '--data', 'corpus', '--json', 'x.json', '--language', 'German'], 'ISO 639-3'),
    (['metrics', 'text', 'none', 'quick.toml'], 'nothing there'),
    (['metrics', 'text', 'log', 'log'], '--logs'),
    (['metrics', 'text', 'one', 'quick.toml'], 'were lines lost'),
    (['metrics', 'text', 'one', 'one', '--logs'], 'prediction: TEXT'),
    (['metrics', 'text', 'chinese', 'chinese'], 'say zho or jpn'),
    (['metrics', 'text', 'one', 'one', '--bert', 'x'], '--layer'),
    (['metrics', 'text', 'one', 'one', '--layer', '3'], '--bert'),
    (['metrics', 'text', 'one', 'latin'], 'UTF-8'),
    (['metrics'], 'Missing command'),
    (['gloss-to-text', '  '], 'nothing to read'),
    (['gloss-to-text', 'YOU WANT', '--model', 'quick.toml'], 'expected safetensors'),
    (['gloss-to-text', 'YOU WANT', '--best', '0'], '--best'),
    (['gloss-to-text', 'YOU WANT', '--model', 'x', '--least', '0'], 'without --model'),
]


@pytest.mark.parametrize('command, said', MISTAKES, ids=lambda x: ' '.join(x) if isinstance(x, list) else None)
def test_a_mistake_is_one_line_and_leaves_nothing(corpus, tmp_path, monkeypatch, capsys, command, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path/'bad.toml').write_text('wdith = 3\n')
    (tmp_path/'empty').mkdir()
    (tmp_path/'one').write_text('it rains\n')
    (tmp_path/'chinese').write_text('你们好\n', encoding='utf-8')
    (tmp_path/'latin').write_bytes('für\n'.encode('latin-1'))
    (tmp_path/'log').write_text(''.join(f'sample: {n}, prediction: {n} rains\n' for n in 'abcdefghi'))
    before = sorted(os.listdir(tmp_path))
    assert run(command) == 2
    out, err = capsys.readouterr()
    assert out == '' and err.startswith('signbook: ') and err.count('\n') == 1 and said in err
    assert sorted(os.listdir(tmp_path)) == before


def test_a_failed_evaluation_leaves_the_old_result(corpus, tmp_path, monkeypatch, capsys):
    from signbook.translation import scoring
    (tmp_path/'x.json').write_text('precious')
    monkeypatch.setattr(scoring, 'evaluate_recipe', lambda *a, **k: {'no json': {1, 2}})
    assert run(words('evaluate', tmp_path/'quick.toml', '--data', corpus, '--json', tmp_path/'x.json')) == 1
    assert (tmp_path/'x.json').read_text() == 'precious' and not [n for n in os.listdir(tmp_path) if n.startswith('.')]


def test_without_torch_the_extra_is_named(corpus, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, 'torch', None)
    for command in (train(corpus, tmp_path/'x'), ['gloss-to-text', 'YOU WANT']):
        assert run(command) == 1 and "pip install 'signbook[torch]'" in capsys.readouterr().err


def test_published_outputs_are_refused_as_they_lie_and_scored_as_logs(shared_data, tmp_path, capsys):
    for name, language, bleu in (('csl_daily', 'zho', 25.27), ('openasl', 'eng', 22.38)):
        folder = shared_data/'metrics'/'uni_sign_predictions'/f'eval_{name}_pose_only'
        files = words('metrics', 'text', folder/'dev_tmp_pres.txt', folder/'dev_tmp_refs.txt', '--language', language, '--json', tmp_path/'o.json')
        assert run(files) == 2 and '--logs' in capsys.readouterr().err and not (tmp_path/'o.json').exists()
        assert run([*files, '--logs']) == 0
        assert json.loads((tmp_path/'o.json').read_text())['bleu4'] == pytest.approx(bleu, abs=.005)
        (tmp_path/'o.json').unlink()


def test_help_fits_a_screen(capsys):
    for command in (['train'], ['evaluate'], ['metrics', 'text'], ['gloss-to-text']):
        assert run([*command, '--help']) == 0
        assert len(capsys.readouterr().out.splitlines()) <= 50


CORPORA = {'phoenix2014T': ('deu', 'as they are', 7096, 519), 'csl_daily': ('zho', 'characters', 18401, 1077), 'dgs_corpus': ('deu', 'punctuation apart', 54325, 4470),
           'aslg_pc12': ('eng', 'as they are', 3434, 382)}


@pytest.mark.parametrize('name', CORPORA)
def test_real_corpora_are_read_whole(shared_data, name):
    pairs = Pairs(shared_data/'text'/name)
    assert (pairs.language, pairs.tokens, len(pairs['train']), len(pairs['dev'])) == CORPORA[name]
    assert pairs.made_dev == (name == 'aslg_pc12') and all(g.strip() and t.strip() for s in pairs.splits for g, t in pairs[s])


def test_training_glosses_follow_the_convention_of_those_that_are_scored(shared_data):
    from signbook.evaluation.text import read_lines
    folder = shared_data/'text'/'phoenix2014T'
    cleaned, kept = Pairs(folder), Pairs(folder, marks=True)
    assert [g for g, _ in cleaned['dev']] == [g for g, _ in kept['dev']] == read_lines(folder/'dev.gloss') and [g for g, _ in kept['train']] == read_lines(folder/'train.gloss')
    assert not any('__' in g or 'PLUSPLUS' in g for g, _ in cleaned['train']) and [t for _, t in cleaned['train']] == [t for _, t in kept['train']]
    aslg = Pairs(shared_data/'text'/'aslg_pc12')
    assert {marks_back(g) for g, _ in aslg['dev']} <= set(read_lines(shared_data/'text'/'aslg_pc12'/'train.gloss.asl')) and any(g.startswith('X- ') for g, _ in aslg['dev'])


def test_raw_glosses_of_the_dgs_corpus_become_the_published_ones(shared_data, tmp_path):
    folder = shared_data/'text'/'dgs_corpus'
    for name in ('dgs_glosses_dev_upper.txt', 'german_dev.txt'):
        (tmp_path/name).symlink_to(folder/name)
    made, published = Pairs(tmp_path)['dev'], Pairs(folder)['dev']
    assert np.mean([a == b for a, b in zip(made, published, strict=True)]) > .999


def test_published_layouts(shared_data, tmp_path):
    phoenix = Pairs(shared_data/'formats'/'phoenix')
    assert phoenix.splits == ('train',) + ('dev',)*phoenix.made_dev and phoenix.language == 'deu' and phoenix.parts['train'].layout.startswith('RWTH')
    skels = Pairs(shared_data/'formats'/'prompt2sign_skels')
    assert set(skels.splits) == {'train', 'dev'} and skels['dev'][0][0] == 'DRUCK TIEF KOMMEN'
    official = [('name|split', *(f'S00000{n}_P0000_T00|{s}' for n, s in enumerate(('train', 'dev'))))]
    (tmp_path/'sentence_label').mkdir()
    (tmp_path/'sentence_label'/'split_1.txt').write_text('\n'.join(official[0]) + '\n')
    rows = [{'name': f'S00000{n}_P0000_T00', 'label_gloss': ['你们', '好'][:n + 1], 'label_char': list('你们好！'), 'signer': n} for n in range(2)]
    (tmp_path/'sentence_label'/'csl2020ct_v2.json').write_text(json.dumps({'info': rows}))
    csl = Pairs(tmp_path)
    assert csl['dev'] == [('你们 好', '你 们 好 ！')] and csl['train'] == [('你们', '你 们 好 ！')] and csl.language == 'zho'


def test_folders_that_hold_text_without_glosses(shared_data):
    with pytest.raises(SignbookError, match='none has both sides'):
        Pairs(shared_data/'text'/'how2sign')['train']
    with pytest.raises(SignbookError, match='got none'):
        find_parts(shared_data/'video')


def test_what_is_taken_out_of_training_is_in_no_other_split(shared_data):
    folder = shared_data/'text'/'phoenix2014T'
    whole, clean = Pairs(folder), Pairs(folder, same='normalised')
    assert np.mean([t in {t for _, t in whole['train']} for _, t in whole['dev'][:40]]) == leaks(whole['dev'][:40], whole['train'])['exact']['text'] > 0
    assert len(clean['train']) < len(whole['train']) and unique(clean['train'], clean['dev'], 'normalised') == clean['train']
