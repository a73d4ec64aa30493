"""What benchmarks/adapters.py measures with: parts that share nothing, weights compared bit by bit, adapters and answers counted another way."""
import sys
from pathlib import Path
import pytest
sys.path.insert(0, str(Path(__file__).resolve().parent.parent/'benchmarks'))
import adapters as bench

torch = pytest.importorskip('torch')
pytest.importorskip('peft')
PAIRS = [('ME GO SCHOOL .', 'I go to school.'), ('YOU LIKE APPLE ?', 'Do you like apples?'), ("SHE NOT COME YESTERDAY .", "She didn't come yesterday.")]


@pytest.fixture(scope='module')
def tiny():
    from signbook.translation import causal
    return causal.build('tiny', causal.learn_tokenizer([side for p in PAIRS for side in p], 300))


def test_training_pairs_share_no_side_with_judged_ones():
    parts = bench.apart({'train': [('A', 'a .'), ('B', 'b .'), ('C', 'c .')], 'dev': [('A', 'x .')], 'test': [('Y', 'c .')]})
    assert parts['train'] == [('B', 'b .')]

def test_eight_words_in_a_row_are_found_whatever_their_case():
    long = 'We are far from achieving this objective today, I fear.'
    assert bench.runs('AND YET WE ARE FAR FROM ACHIEVING THIS OBJECTIVE TODAY !') & bench.runs(long)
    assert not bench.runs('we are far from achieving this aim today , i fear .') & bench.runs(long)
    assert bench.runs('No.') == bench.runs('no .') == {('no',)}

def test_generated_parts_are_those_of_the_corpus(monkeypatch):
    from signbook.data.corpus import split_of, tables_of
    from signbook.signing.gloss import parse_line
    own = tables_of('ase')
    monkeypatch.setattr(bench, 'GENERATED', {'train': 6, 'dev': 3, 'test': 3})
    for part, pairs in bench.generated().items():
        assert len(pairs) == bench.GENERATED[part]
        for line, _ in pairs: assert split_of(parse_line(line, own.lexicon, own.alphabet)) == part

def test_weights_are_compared_bit_by_bit_and_adapters_passed_over(tiny):
    from copy import deepcopy
    from signbook.translation import adapters
    from peft import get_peft_model
    plain, recipe = deepcopy(tiny.model), adapters.ChatRecipe()
    before = bench.weights_hash(plain)
    adapted = get_peft_model(plain, adapters.adapter_settings(recipe))
    assert bench.weights_hash(adapted) == before
    with torch.no_grad(): next(p for n, p in adapted.named_parameters() if 'v_proj.base_layer' in n).view(torch.int32)[0, 0] ^= 1
    assert bench.weights_hash(adapted) != before

@pytest.mark.parametrize('method, targets', [('lora', 'q_proj v_proj'), ('lora', 'all-linear'), ('dora', 'q_proj v_proj')])
def test_adapters_have_the_numbers_that_the_formula_gives(tiny, method, targets):
    from copy import deepcopy
    from signbook.translation import adapters, causal
    from peft import get_peft_model
    recipe = adapters.ChatRecipe(method=method, targets=targets)
    wanted = bench.adapter_numbers(tiny.model, recipe)
    assert causal.parameters(get_peft_model(deepcopy(tiny.model), adapters.adapter_settings(recipe)), trained=True) == wanted

def test_adapters_of_the_published_shape():
    from signbook.translation import adapters, causal
    assert bench.adapter_numbers(causal.build('llama_1b', device='meta').model, adapters.load_chat_recipe('card')) == 16*8*(2048 + 2048 + 2048 + 512)

@pytest.mark.parametrize('template', ['card', 'own'])
def test_answers_are_counted_the_same_by_labels_and_by_letters(tiny, template):
    from signbook.translation.chat import Form
    form = Form(tiny.tokenizer, template)
    found = bench.answer_tokens(form, PAIRS)
    assert found['learnt'] == found['behind_the_prompt'] > len(PAIRS)
    assert found['learnt'] < sum(len(form.example(p).tokens) for p in PAIRS)
