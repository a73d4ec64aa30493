"Scores of texts against the libraries whose conventions they name, and on published outputs."
import sys

import numpy as np
import pytest

from signbook.core import SignbookError
from signbook.evaluation import text as scores
from signbook.evaluation.ngrams import bleu_counts, bleu_of, older_bleu, rouge_l

CORPORA = {'csl_daily': ('zho', 25.27), 'openasl': ('eng', 22.38)}   # BLEU-4 by the settings of the reference implementation


@pytest.fixture
def logs(shared_data):
    def files(corpus):
        folder = shared_data/'metrics'/'uni_sign_predictions'/f'eval_{corpus}_pose_only'
        return folder/'dev_tmp_pres.txt', folder/'dev_tmp_refs.txt'
    return files


@pytest.mark.parametrize('corpus', CORPORA)
def test_published_outputs_as_they_lie_are_refused(logs, corpus):
    with pytest.raises(SignbookError, match='read_labelled'):
        scores.Texts(*map(scores.read_lines, logs(corpus)))


@pytest.mark.parametrize('corpus', CORPORA)
def test_published_outputs_score_what_they_should(logs, corpus):
    pytest.importorskip('sacrebleu')
    language, bleu = CORPORA[corpus]
    found = scores.score(scores.from_logs(*logs(corpus), language))
    assert found['bleu4'] == pytest.approx(bleu, abs=.01)
    assert found['exact_match'] < .2 and .9 < found['length_ratio'] < 1.05


def test_a_name_before_each_line_is_refused_even_if_names_share_nothing():
    names = 'q7 zebra k2 moon 44x red ab 9w last'.split()
    with pytest.raises(SignbookError, match='the same as before its reference'):
        scores.Texts([f'{n} a b c' for n in names], [f'{n} d e f' for n in names])


def random_texts(seed, n=80):
    rng = np.random.default_rng(seed)
    return [' '.join(rng.choice(['Rain', 'rain', 'snow', 'in', 'the', 'north', '.', ','], rng.integers(1, 14))) for _ in range(n)]


def test_older_bleu_is_nltk():
    corpus_bleu = pytest.importorskip('nltk.translate.bleu_score').corpus_bleu
    for seed in range(5):
        h, r = random_texts(seed), random_texts(seed + 100)
        known = [100*corpus_bleu([[t.lower().split()] for t in r], [t.lower().split() for t in h], weights=[1/n]*n) for n in (1, 2, 3, 4)]
        assert older_bleu(h, r) == pytest.approx(known, abs=1e-9)


@pytest.mark.parametrize('n', [1, 3, 80])
def test_smoothed_counts_are_sacrebleu(n):
    sacrebleu = pytest.importorskip('sacrebleu')
    for seed in range(5):
        h, r = random_texts(seed, n), random_texts(seed + 100, n)
        known = sacrebleu.BLEU(tokenize='none').corpus_score(h, [r]).score
        assert bleu_of(bleu_counts(h, r, str.split, 0).sum(0), smooth=True)[3] == pytest.approx(known, abs=1e-9)


def test_rouge_is_rouge_score():
    scorer = pytest.importorskip('rouge_score.rouge_scorer').RougeScorer(['rougeL'])
    h, r = random_texts(1), random_texts(2)
    assert rouge_l(h, r, 'rouge-score') == pytest.approx([100*scorer.score(b, a)['rougeL'].fmeasure for a, b in zip(h, r)], abs=1e-9)


def test_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, 'sacrebleu', None)
    with pytest.raises(ImportError, match=r"pip install 'signbook\[eval\]'"):
        scores.sacre_scores(scores.Texts(['a'], ['b']))


@pytest.fixture(scope='module')
def encoder(tmp_path_factory):
    "A tiny BERT that reads letters, with nothing said of how long a text may be."
    transformers = pytest.importorskip('transformers')
    torch = pytest.importorskip('torch')
    folder, letters = tmp_path_factory.mktemp('bert'), 'abcdefghijklmnopqrstuvwxyz.'
    vocab = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', *letters, *(f'##{c}' for c in letters)]
    transformers.BertTokenizerFast(vocab={v: n for n, v in enumerate(vocab)}).save_pretrained(folder)
    torch.manual_seed(0)
    shape = transformers.BertConfig(vocab_size=len(vocab), hidden_size=16, num_hidden_layers=3, num_attention_heads=2, intermediate_size=32, max_position_embeddings=40, initializer_range=.5)
    transformers.BertModel(shape).save_pretrained(folder)
    return folder


def test_bert_score_says_what_it_depends_on(encoder, tmp_path):
    pytest.importorskip('bert_score')
    refs = ['it rains', 'the sun', 'snow on the alps ' + 'and more '*30]
    found = scores.bert_score(scores.Texts(['it rained', '', refs[2]], refs), encoder, 2)
    assert {k: found[k] for k in ('model', 'layer', 'rescaled')} == {'model': str(encoder), 'layer': 2, 'rescaled': False}
    assert 0 < found['f1'] < 2/3 and scores.bert_score(scores.Texts(refs, refs), encoder, 2)['f1'] == pytest.approx(1, abs=1e-5)
    other = scores.bert_score(scores.Texts(['it rained', '', refs[2]], refs), encoder, 3)
    assert other['f1'] != found['f1']
    (tmp_path/'base.tsv').write_text('LAYER,P,R,F\n' + ''.join(f'{n},0.5,0.5,0.5\n' for n in range(4)))
    scaled = scores.bert_score(scores.Texts(['it rained', '', refs[2]], refs), encoder, 2, tmp_path/'base.tsv')
    assert scaled['rescaled'] and scaled['f1'] == pytest.approx(2*found['f1'] - 1, abs=1e-4)
    for model, layer in ((encoder, 9), (tmp_path, 2), (tmp_path/'none', 2)):
        with pytest.raises(SignbookError, match=f'expected an encoder with {layer} layers'):
            scores.bert_score(scores.Texts(refs, refs), model, layer)


def test_intervals_hold_what_they_promise():
    "A true share lies inside the interval about 95 times in a hundred."
    rng, inside = np.random.default_rng(3), 0
    for k in range(200):
        found = scores.interval(np.column_stack([rng.random(150) < .4, np.ones(150)]), scores.mean_of, draws=300, seed=k)
        inside += found.low <= .4 <= found.high
    assert 178 <= inside <= 199


def test_trivial_answers_on_a_real_corpus(shared_data):
    read = lambda name: scores.read_lines(shared_data/'text'/'phoenix2014T'/name)
    train, dev = (read('train.gloss'), read('train.de')), (read('dev.gloss'), read('dev.de'))
    assert len(train[0]) == len(train[1]) == 7096 and len(dev[0]) == 519
    bleu = {name: older_bleu(out, dev[1])[3] for name, out in scores.trivial(dev[0], train).items()}
    assert bleu['nearest pair'] > 5 > bleu['copy'] and bleu['nearest pair'] > bleu['commonest sentence']
    assert 0 <= scores.training_overlap(*dev, train)['pair'] < .1
