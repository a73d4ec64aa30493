"Chat models: a run that was killed goes on as if nothing had happened, damaged checkpoints are passed over, and masks hold for templates and tokenizers of all kinds."
import copy
import json
import os
import signal
import subprocess
import sys

import pytest

pytest.importorskip('trl')
torch = pytest.importorskip('torch')
from signbook.core import SignbookError, require  # noqa: E402
from signbook.translation.adapters import adapter_settings, load_adapter, load_chat_recipe, merge, save_tuned, saved_recipe, start, tune  # noqa: E402
from signbook.translation.causal import build, last_checkpoint, learn_tokenizer, load_base, parameters, save_base  # noqa: E402
from signbook.translation.chat import IGNORED, Form, examples  # noqa: E402
from signbook.translation.length import SentenceRule, asked_for, sentences, token_pieces  # noqa: E402
from signbook.translation.tuned import Chat, chat_candidates, chat_translate, published_cut, written  # noqa: E402

PAIRS = [(f'{who} {what} .', f'the {who.lower()} {what.lower()}s .') for who in ('BOY', 'GIRL', 'DOG', 'CAT') for what in ('SLEEP', 'RUN', 'EAT', 'SING')]
SHORT = dict(rows=4, epochs=3, keep=2, log=1, adapter_dropout=.1)    # 12 steps, dropout on, so that random numbers count
KILLED = """
import os, signal, sys
import torch
torch.set_num_threads(1)
from transformers import TrainerCallback
from signbook.translation.adapters import load_chat_recipe, tune
from signbook.translation.causal import load_base
class Kill(TrainerCallback):
    def on_step_end(self, args, state, control, **rest):
        if state.global_step == 7: os.kill(os.getpid(), signal.SIGKILL)
pairs, short, base, run = eval(sys.argv[1]), eval(sys.argv[2]), *sys.argv[3:5]
tune(load_chat_recipe('tiny', **short), load_base(base), pairs, run, pairs[:3], callbacks=[Kill()])
"""


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    "A model of our own, as a folder."
    torch.set_num_threads(1)
    path = tmp_path_factory.mktemp('chat')
    save_base(build('tiny', learn_tokenizer([side for p in PAIRS for side in p]*2, 300)), path/'base')
    return path


@pytest.fixture(scope='module')
def whole(folder):
    "A run that nobody disturbed."
    return tune(load_chat_recipe('tiny', **SHORT), load_base(folder/'base'), PAIRS, folder/'whole', PAIRS[:3])


def weights(tuned):
    return {n: p for n, p in tuned.base.model.named_parameters() if p.requires_grad}


def test_a_run_that_was_killed_ends_as_one_that_was_not(folder, whole):
    gone = subprocess.run([sys.executable, '-c', KILLED, repr(PAIRS), repr(SHORT), str(folder/'base'), str(folder/'killed')], capture_output=True, text=True)
    assert gone.returncode == -signal.SIGKILL, gone.stderr
    assert last_checkpoint(folder/'killed').endswith('checkpoint-6')
    torn = folder/'killed'/'checkpoint-8'                                  # a checkpoint that was being written has no state yet
    torn.mkdir()
    (torn/'adapter_model.safetensors').write_bytes(b'half of it')
    resumed = tune(load_chat_recipe('tiny', **SHORT), load_base(folder/'base'), PAIRS, folder/'killed', PAIRS[:3])
    assert resumed.report.log == whole.report.log
    assert [r['step'] for r in whole.report.log if 'loss' in r] == list(range(1, 13)) and [r['step'] for r in whole.report.log if 'eval_loss' in r] == [4, 8, 12]
    a, b = weights(resumed), weights(whole)
    assert a.keys() == b.keys() and a and all(torch.equal(a[n], b[n]) for n in a)


@pytest.mark.parametrize('changed', [dict(recipe=dict(rate=.1)), dict(pairs=PAIRS[:-1]), dict(seed=5)], ids=['recipe', 'pairs', 'base'])
def test_a_folder_belongs_to_one_run(folder, whole, changed):
    base = load_base(folder/'base') if 'seed' not in changed else build('tiny', load_base(folder/'base').tokenizer, changed['seed'])
    with pytest.raises(SignbookError, match='expected a run of this (recipe|data|base)'):
        tune(load_chat_recipe('tiny', **SHORT | changed.get('recipe', {})), base, changed.get('pairs', PAIRS), folder/'whole', PAIRS[:3])


@pytest.mark.parametrize('method', ['lora', 'dora'])
def test_only_adapters_train(folder, method, tmp_path):
    base = load_base(folder/'base')
    before = {n: p.clone() for n, p in base.model.named_parameters()}
    recipe = load_chat_recipe('tiny', method=method, targets='q_proj v_proj', epochs=1, rows=8)
    tuned = tune(recipe, base, PAIRS, tmp_path/'run')
    layers = [m for n, m in build('tiny', base.tokenizer).model.named_modules() if n.endswith(('q_proj', 'v_proj'))]
    assert tuned.report.trained == sum(8*(m.in_features + m.out_features) + m.out_features*(method == 'dora') for m in layers)
    after = {n.removeprefix('base_model.model.').replace('.base_layer', ''): p for n, p in tuned.base.model.named_parameters() if 'lora_' not in n}
    assert after.keys() == before.keys() and all(torch.equal(after[n], before[n]) for n in before)
    ids = torch.tensor([Form(base.tokenizer).example(PAIRS[0]).tokens])
    with torch.inference_mode():
        assert float((merge(tuned).model(ids).logits - tuned.base.model(ids).logits).abs().max()) < 1e-4


def test_a_batch_is_graded_on_its_answers_alone(folder, whole):
    "The loss that the trainer notes first is the one counted by hand over the tokens of the answers."
    recipe = load_chat_recipe('tiny', method='full', rows=16, epochs=1, log=1, rate=1e-9)
    noted = tune(recipe, load_base(folder/'base'), PAIRS, folder/'one').report.log[0]['loss']
    base, total, number = load_base(folder/'base'), 0., 0
    for tokens, labels in examples(Form(base.tokenizer), PAIRS).rows:
        with torch.inference_mode():
            logp = base.model(torch.tensor([tokens])).logits[0, :-1].log_softmax(-1)
        for k, label in enumerate(labels[1:]):
            if label != IGNORED:
                total, number = total - float(logp[k, label]), number + 1
    assert number == sum(len(base.tokenizer(t, add_special_tokens=False)['input_ids']) + 1 for _, t in PAIRS)
    assert noted == pytest.approx(total/number, abs=1e-3)


LLAMA = ("{{ bos_token }}{% for m in messages %}{{ '<|user|>' + m['role'] + '\n\n' + m['content'] | trim + eos_token }}{% endfor %}"
         "{% if add_generation_prompt %}{{ '<|user|>assistant\n\n' }}{% endif %}")
MISTRAL = "{{ bos_token }}{% for m in messages %}{% if m['role'] == 'user' %}[INST] {{ m['content'] }} [/INST]{% else %} {{ m['content'] }}{{ eos_token }}{% endif %}{% endfor %}"
CHATML = "{% for m in messages %}{{ '<|user|>' + m['role'] + '\n' + m['content'] + eos_token + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|user|>assistant\n' }}{% endif %}"
BARE = "{% for m in messages %}{{ m['content'] }}\n{% endfor %}"


@pytest.mark.parametrize('template', [LLAMA, MISTRAL, CHATML, BARE], ids=['llama', 'mistral', 'chatml', 'bare'])
@pytest.mark.parametrize('to', ['text', 'gloss'])
def test_masks_hold_for_templates_of_all_kinds(folder, template, to):
    tokenizer = copy.deepcopy(load_base(folder/'base').tokenizer)
    tokenizer.chat_template = template
    form = Form(tokenizer)
    for pair in PAIRS:
        source, answer = pair if to == 'text' else pair[::-1]
        tokens, labels = form.example(pair, to)
        learnt = [n for n in labels if n != IGNORED]
        assert tokens[:len(tokens) - len(learnt)] == form.prompt(source, to) and tokens[-len(learnt):] == learnt == labels[-len(learnt):]
        assert tokenizer.decode(learnt).strip() == answer + '</s>' and learnt.count(tokenizer.eos_token_id) == 1


def test_numbers_of_the_published_card():
    model = build('llama_1b', device='meta').model
    adapted = require('peft', 'models').get_peft_model(model, adapter_settings(load_chat_recipe('card')))
    assert parameters(adapted, True) == 16*8*((2048 + 2048) + (2048 + 512)) == 851_968
    assert parameters(adapted) == 1_235_814_400 + 851_968


def test_four_bits_say_what_is_missing(folder, monkeypatch):
    "Without the package, without a GPU, and with a base in full: each its own word."
    import signbook.translation.adapters as adapters
    recipe = load_chat_recipe('card', method='qlora')
    monkeypatch.setattr(adapters.importlib.util, 'find_spec', lambda name: None)
    with pytest.raises(SignbookError, match='pip install bitsandbytes'):
        adapters.load_for(recipe, folder/'base')
    monkeypatch.setattr(adapters.importlib.util, 'find_spec', lambda name: name)
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    with pytest.raises(SignbookError, match='needs a GPU'):
        adapters.load_for(recipe, folder/'base')
    with pytest.raises(SignbookError, match='four-bit weights for qlora'):
        start(recipe, load_base(folder/'base'))
    assert not adapter_settings(recipe).use_dora and adapter_settings(recipe).r == 8


def test_files_that_are_damaged_are_refused(folder, whole, tmp_path):
    base = load_base(folder/'base')
    for size in (0, 100):
        save_base(base, tmp_path/f'cut{size}')
        path = tmp_path/f'cut{size}'/'model.safetensors'
        path.write_bytes(path.read_bytes()[:size])
        with pytest.raises(SignbookError, match='causal language model'):
            load_base(tmp_path/f'cut{size}')
    save_base(base, tmp_path/'pickle')
    os.remove(tmp_path/'pickle'/'model.safetensors')
    torch.save({}, tmp_path/'pickle'/'pytorch_model.bin')
    with pytest.raises(SignbookError, match='safetensors'):
        load_base(tmp_path/'pickle')
    save_tuned(whole, tmp_path/'adapter')
    path, recipe = tmp_path/'adapter'/'adapter_model.safetensors', tmp_path/'adapter'/'signbook_recipe.json'
    kept = recipe.read_bytes()
    for wrong in (b'{"rnak": 8}', b'{"rank": 0}', b'{"rank": "8"}', b'half a', b'\xff', b'[]'):
        recipe.write_bytes(wrong)
        with pytest.raises(SignbookError, match='expected the recipe of a model'):
            saved_recipe(tmp_path/'adapter')
    recipe.write_bytes(kept)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(SignbookError, match='an adapter of this base'):
        load_adapter(base, tmp_path/'adapter')
    path.rename(path.with_suffix('.bin'))
    with pytest.raises(SignbookError, match='without adapter_model.safetensors'):
        load_adapter(base, tmp_path/'adapter')


def test_company_and_order_change_no_candidate(folder, whole):
    chat, lines = Chat.of(whole), [g for g, _ in PAIRS[:5]]
    together = chat_candidates(chat, lines, beam=3, longest=12)
    alone = [chat_candidates(chat, [l], beam=3, longest=12)[0] for l in lines]
    assert [[c.text for c in own] for own in together] == [[c.text for c in own] for own in alone]
    assert [c.logp for own in together for c in own] == pytest.approx([c.logp for own in alone for c in own], abs=1e-3)


def test_marks_of_a_template_are_never_written(whole):
    chat = Chat.of(whole)
    assert len(chat.never) >= 4 and not set(chat.never) & set(chat.ends)
    def push(ids, scores): return scores.index_add(1, torch.tensor(chat.never), torch.full((len(scores), len(chat.never)), 1e3))
    answer, = written(chat, [chat.form.prompt('BOY SLEEP .')], processors=[push], longest=6, do_sample=False)[0]
    assert not set(answer) & set(chat.never), 'not even where the model wants to'


@pytest.mark.parametrize('settings', [dict(beam=1), dict(beam=3), dict(samples=3)], ids=str)
def test_sentences_are_counted_while_they_are_written(whole, settings):
    chat, lines = Chat.of(whole), ['BOY SLEEP . GIRL RUN .', 'DOG EAT', 'CAT SING . BOY RUN . DOG SLEEP .']
    pieces, numbers = token_pieces(chat.tokenizer, chat.ends, chat.model.config.vocab_size), [asked_for(l) for l in lines]
    said = chat_translate(chat, lines, rule=lambda which, most: SentenceRule(chat.tokenizer, pieces, [numbers[n] for n in which], most=most - 1), longest=40, rows=2, **settings)
    assert numbers == [2, 1, 3] and [len(sentences(s)) for s in said] == numbers


def test_published_cut_gives_nothing_without_an_end_mark():
    assert published_cut('One. Two! Three?', 'A . B !') == 'One. Two!' and published_cut('One. Two.', 'A B') == ''


def test_what_ships_beside_weights_is_text(folder):
    files = {p.name for p in (folder/'base').iterdir()}
    assert {'config.json', 'model.safetensors', 'tokenizer.json'} <= files and not any(f.endswith(('.bin', '.pt', '.pkl')) for f in files)
    assert json.loads((folder/'base'/'config.json').read_text())['model_type'] == 'llama'
