"Counting sentences while they are written, and refusing what is no gloss line: what does not fit in a chapter."
import random
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip('torch')
from signbook.core import SignbookError  # noqa: E402
from signbook.translation.decode import beam_search, sample  # noqa: E402
from signbook.translation.length import Counted, Pieces, Place, SentenceRule, asked_for, cut, n_best, read, sentences, start, token_pieces  # noqa: E402
from signbook.translation.plausible import HABITS, check_gloss, why_no_gloss  # noqa: E402
from signbook.translation.recipe import load_recipe  # noqa: E402
from signbook.translation.seq2seq import Translator, candidates, translate  # noqa: E402
from signbook.translation.subwords import END, START, TO_TEXT, learn  # noqa: E402
from signbook.translation.transformer import Shape, Transformer  # noqa: E402

SOME = 'A man sees 3.5 dogs . Does it rain ? Go ! Dr. Haas said : " No ... " and , e.g. , J. Smith , etc. left .'
TEXT = st.text(alphabet='ab AI3.…!?。！"”)¿,-\n\'一', max_size=30)
CORPUS = ['a man sees the dog . does it rain ? go !', 'MAN SEE DOG . RAIN ? GO !']


@given(TEXT, st.integers(0, 30))
@settings(max_examples=300, deadline=None)
def test_reading_in_parts_is_reading(text, at):
    assert read(text[at:], read(text[:at])) == read(text)


@given(TEXT)
@settings(max_examples=300, deadline=None)
def test_sentences_are_as_many_as_are_counted_and_nothing_is_lost(text):
    found, n = sentences(text), read(text).count
    assert ''.join(''.join(found).split()) == ''.join(text.split())
    assert len(found) == max(n, 1 if text.strip() else 0)
    assert sentences(cut(text, 2)) == found[:2] or '\n' in text or n < 2 or read(cut(text, 2)).count == 2


def naive(pieces, place, number, left, short):
    "What is forbidden, piece by piece."
    out = []
    for n, text in enumerate(pieces.texts):
        after, remains = read(text, place), pieces.remains
        if n in pieces.ends:
            out.append(remains(place, number) > 0 or short)
        else:
            behind = number - place.over == 1 and not short and place.mode in ('mark', 'wide', 'over') and (after.mode == 'over' or after.mode == 'open' and after.word != '0')
            out.append(not text or left < 1 or not 0 <= remains(after, number) <= left - 1 or behind)
    if all(out):
        out = [n not in pieces.ends for n in range(len(out))]
    return out


@pytest.mark.parametrize('merges', [0, 40])
def test_tables_say_what_reading_each_piece_says(merges):
    words = learn([SOME, *CORPUS], merges)
    pieces, rng = Pieces.of(words), random.Random(0)
    for _ in range(250):
        text = ''.join(rng.choice(pieces.texts) for _ in range(rng.randrange(8)))
        place, number, left, short = read(text), rng.randrange(1, 4), rng.randrange(7), rng.random() < .2
        if place.over < number:
            assert pieces.forbidden(place, number, left, short).tolist() == naive(pieces, place, number, left, short), (text, number, left, short)


@pytest.fixture(scope='module')
def model():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    words = learn([SOME, *CORPUS], 30)
    net = Transformer(Shape(len(words), 32, 4, 32, 1, 0.))
    torch.nn.init.normal_(net.table.weight, std=.4)
    return Translator([net], words, load_recipe('tiny'), {'text': {}, 'gloss': {}})


def test_a_rule_that_forbids_nothing_changes_nothing(model):
    def rule(known, last): return [None]*len(last), torch.zeros(len(last), len(model.words), dtype=torch.bool)
    source = torch.tensor([[TO_TEXT, 10, 11, END], [TO_TEXT, 12, END, 0]])
    assert beam_search(model.models, source, 4) == beam_search(model.models, source, 4, rule=rule)
    assert [[c.pieces for c in own] for own in sample(model.models, source, 6)] == [[c.pieces for c in own] for own in sample(model.models, source, 6, rule=rule)]


def test_number_and_length_hold_for_every_candidate(model):
    rng = random.Random(1)
    lines = [' '.join(rng.choice(['MAN SEE DOG .', 'RAIN ?', 'GO !']) for _ in range(rng.randrange(1, 5))) for _ in range(12)]
    numbers, longest = [asked_for(line) for line in lines], 14
    for least, most in ((0, None), (9, longest), (0, 8)):
        rule = Counted(Pieces.of(model.words), numbers, least, most)
        for n, own in zip(numbers, candidates(model, lines, beam=3, samples=4, rule=rule)):
            assert own
            for c in own:
                assert read(c.text).ended == read(c.text).count == n and c.pieces >= least and (most is None or c.pieces <= most), c


def test_log_probabilities_stay_those_of_the_model(model):
    line = 'RAIN ? GO !'
    source = torch.tensor([[TO_TEXT, *model.words.encode(line), END]])
    for c in beam_search(model.models, source, 4, longest=20, rule=Counted(Pieces.of(model.words), [2])([0], 20))[0]:
        with torch.inference_mode():
            logp = model.models[0](source, torch.tensor([[START, *c.pieces]])).log_softmax(-1)[0]
        assert float(logp[range(len(c.pieces) + 1), [*c.pieces, END]].sum()) == pytest.approx(c.logp, abs=1e-3)


def test_company_changes_nothing(model):
    lines = ['MAN SEE DOG .', 'RAIN ? GO !', 'GO']
    rule = lambda chosen: Counted(Pieces.of(model.words), [asked_for(line) for line in chosen], most=12)
    assert translate(model, lines, rule=rule(lines)) == [translate(model, [line], rule=rule([line]))[0] for line in lines]


def test_texts_without_marks_have_a_length(model):
    words = learn(['a man sees the dog', 'MAN SEE DOG'], 10)
    net = Transformer(Shape(len(words), 16, 2, 16, 1, 0.))
    unmarked = Translator([net], words, load_recipe('tiny'), {'text': {}, 'gloss': {}})
    found = candidates(unmarked, ['MAN SEE DOG'], beam=3, rule=Counted(Pieces.of(words), [1], 4, 6))[0]
    assert found and all(4 <= c.pieces <= 6 for c in found)
    assert not Pieces.of(model.words, marked=False).forbidden(read(' a man'), 3, 9)[END]


def test_titles_end_no_sentence_whatever_the_budget():
    pieces = Pieces.of(learn(['dr . Dr. Haas sees'], 0))
    assert not read(' dr.').ended and read(' dr. haas').count == 1
    assert pieces.forbidden(read(' dr'), 1, 1).tolist() == naive(pieces, read(' dr'), 1, 1, False)


def word_tokenizer():
    "A tokenizer that marks the beginnings of words, as those of Llama 2 and T5 do."
    tokenizers = pytest.importorskip('tokenizers')
    transformers = pytest.importorskip('transformers')
    bare = tokenizers.Tokenizer(tokenizers.models.BPE(unk_token='<unk>'))
    bare.pre_tokenizer, bare.decoder = tokenizers.pre_tokenizers.Metaspace(), tokenizers.decoders.Metaspace()
    bare.train_from_iterator([SOME, *CORPUS], tokenizers.trainers.BpeTrainer(vocab_size=120, special_tokens=['<unk>', '<s>', '</s>']))
    return transformers.PreTrainedTokenizerFast(tokenizer_object=bare, eos_token='</s>', bos_token='<s>', unk_token='<unk>')


def test_tokens_that_begin_words_have_their_blank():
    tokenizer = word_tokenizer()
    pieces = token_pieces(tokenizer)
    for text in ('A man sees 3.5 dogs. Does it rain?', 'Go! Dr. Haas left.'):
        ids = tokenizer.encode(text, add_special_tokens=False)
        assert ''.join(pieces.texts[n] for n in ids).strip() == text
        rule = SentenceRule(tokenizer, pieces, [2], most=40)
        scores = rule(torch.tensor([[1]]), torch.zeros(1, len(tokenizer)))
        assert torch.isinf(scores[0, tokenizer.eos_token_id])
        for n in range(1, len(ids) + 1):
            scores = rule(torch.tensor([[1, *ids[:n]]]), torch.zeros(1, len(tokenizer)))
        assert not torch.isinf(scores[0, tokenizer.eos_token_id]) and int(torch.isfinite(scores).sum()) < 20


def test_beams_that_change_places_keep_their_own_count():
    tokenizer = word_tokenizer()
    pieces, rng = token_pieces(tokenizer), random.Random(3)
    rule = SentenceRule(tokenizer, pieces, [2, 3], most=60)
    rows = [[1] for _ in range(6)]
    for _ in range(25):
        scores = rule(torch.tensor(rows), torch.zeros(6, len(tokenizer)))
        for n, row in enumerate(rows):
            alone = pieces.forbidden(read(tokenizer.decode(row[1:])), [2, 3][n//3], 61 - len(row))
            assert torch.equal(torch.isinf(scores[n]), alone)
        rows = [rows[k] for half in (0, 3) for k in rng.choices(range(half, half + 3), k=3)]
        free = [torch.nonzero(torch.isfinite(rule(torch.tensor(rows), torch.zeros(6, len(tokenizer)))[n]))[:, 0].tolist() for n in range(6)]
        if any(set(f) == set(pieces.ends) for f in free):
            break
        rows = [row + [rng.choice([p for p in own if p not in pieces.ends])] for row, own in zip(rows, free)]


def test_numbers_that_cannot_be_are_refused(model):
    with pytest.raises(SignbookError, match='at least one sentence'):
        Counted(Pieces.of(model.words), [1, 0])
    with pytest.raises(SignbookError, match='ask for at least 6'):
        translate(model, ['GO'], rule=Counted(Pieces.of(model.words), [3], most=5))
    with pytest.raises(SignbookError, match='ends: expected numbers'):
        Pieces(['a', 'b'], [7])


def test_numbers_with_a_dot_go_on_where_that_is_the_rule():
    assert read('Am 3. Mai. Gut.', start('de')).count == 2 and read('She is 3. He is 4.').count == 2
    assert Place().ended == 0 and n_best([]) == []


@given(st.text(max_size=40), st.sampled_from(sorted(HABITS)))
@settings(max_examples=200, deadline=None)
def test_any_text_is_taken_or_refused_in_one_line(text, language):
    reason = why_no_gloss(text, language)
    assert isinstance(reason, str) and '\n' not in reason.replace(text, '') and len(reason) < 2000
    if not any(unicodedata.category(c)[0] == 'L' for c in text):
        assert reason
    if reason:
        with pytest.raises(SignbookError, match='expected a gloss line'):
            check_gloss(text, language)
    else:
        assert check_gloss(text, language) == text


@pytest.mark.parametrize('line, language, why', [
    ('', 'ase', 'empty line'), (' . ? ', 'ase', 'only marks'), ('12 7', 'ase', 'only marks and numbers'), ('WORD '*300, 'ase', 'at most'), ('WORD'*90, 'ase', 'a word of 360 characters'), ('\ue001\ue020\ue03e', 'ase', 'HamNoSys'), ('hamflathand hamextfingeru hampalmd', 'gsg', 'HamNoSys'),
    ('the man sees a dog', 'ase', 'small letters'), ('THE MAN SEES A DOG', 'ase', 'the'), ("I DON'T KNOW", 'ase', "don't"), ('Где мой дом', 'ase', 'Cyrillic letters'), ('我 要 去', 'gsg', 'Chinese letters'), ('YOU WANT GO', 'csl', 'Latin letters'),
    ('WO IST DER BAHNHOF', 'gsg', 'der, ist'), ('Da kann man das anbringen.', 'gsg', 'sentence'), ('OÙ EST LA GARE', 'ase', 'no gloss of this language'), ('他今年四岁', 'csl', 'no blanks')])
def test_what_is_refused_and_why(line, language, why):
    assert why in why_no_gloss(line, language)
