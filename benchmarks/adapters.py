"""LoRA beside full fine-tuning and training from scratch, on a small language model pre-trained here: python benchmarks/adapters.py FOLDER (about half an hour of a quiet core; goes on where it was stopped), then once more with --one-billion

The base model has read English only: sentences of How2Sign, of the training parts, and generated ones; nothing that is judged. Every system is then trained on the same pairs for the same number of steps. Rates are chosen by the loss on dev
pairs; the test pairs choose nothing."""
import argparse, hashlib, json, re, subprocess, sys, time
from pathlib import Path
from zlib import crc32
import numpy as np
from table import DATA, RESULTS, keep, missing

OWN = 20_000                              # generated sentences to pre-train on
GENERATED = {'train': 3_000, 'dev': 300, 'test': 400}   # generated pairs
VOCABULARY, UNREAD = 4096, 50             # entries of the tokenizer; each so many lines one that is not read
SIZE = 'tiny'                             # of the base model: what so few words can teach
PRETRAINING = dict(block=128, rows=16, epochs=1.5, rate=4e-3, warm_up=100, keep=100, log=20)
RUN = 8                                   # words in a row that what is read may not share with what is judged
SCALED = dict(epochs=1., rows=12, accumulate=1, warm_up=30)   # of the card's recipe: one epoch instead of three, a batch of 12 at once instead of 3 times 4, warm-up 30 instead of 100
SYSTEMS = {                               # name: what else is changed, and whose rate it has (none: the card's)
    'card': (dict(method='lora'), None), 'full': (dict(method='full'), 'full'), 'scratch': (dict(method='scratch'), 'scratch'),
    'lora everywhere': (dict(method='lora', targets='all-linear'), 'lora'), 'lora': (dict(method='lora'), 'lora'), 'dora': (dict(method='dora'), 'lora')}
RATES, TRIED, HELD = (2e-4, 1e-3, 5e-3), 360, 100   # to choose from; pairs that are tried, dev pairs that choose


def lines(path):
    from signbook.evaluation.text import read_lines
    return read_lines(path)

def part_of(text):
    "Which part a pair belongs to, by its English alone."
    n = crc32(text.encode()) % 100
    return 'test' if n < 10 else 'dev' if n < 18 else 'train'

def apart(parts):
    "Training pairs that share neither glosses nor sentence with what is judged."
    judged = {side for p in ('dev', 'test') for pair in parts[p] for side in pair}
    return parts | {'train': [p for p in parts['train'] if not judged & set(p)]}

def aslg(data):
    "ASLG-PC12, every different pair once, in three parts."
    parts = {'train': [], 'dev': [], 'test': []}
    for pair in dict.fromkeys(zip(lines(data/'aslg_pc12'/'train.gloss.asl'), lines(data/'aslg_pc12'/'train.en'), strict=True)): parts[part_of(pair[1])].append(pair)
    return apart(parts)

def generated():
    "Pairs of our own, in the parts that the corpus has: by what a sentence says."
    from signbook.data.corpus import text_of
    def part(name, size): return list(dict.fromkeys((line.line, text) for text, _, line, _ in (text_of('ase', 1, n, name) for n in range(2*size))))[:size]
    return apart({name: part(name, size) for name, size in GENERATED.items()})

def runs(text):
    "Every run of eight words; all words of a shorter text."
    words = re.findall(r"[a-z0-9']+", text.lower())
    return {tuple(words[n:n + RUN]) for n in range(max(1, len(words) - RUN + 1))}

def judged_runs(corpora): return {r for parts in corpora.values() for p in ('dev', 'test') for _, text in parts[p] for r in runs(text)}

def english(data, corpora):
    "What the base model reads; every third line in capitals first, since glosses are. Nothing that is judged, nor eight words of it."
    from signbook.data.corpus import text_of
    told = [l.split('\t')[2] for l in lines(data/'how2sign'/'train.tsv')[1:]]
    own, judged = [text_of('ase', 2, n, 'train')[0] for n in range(OWN)], judged_runs(corpora)
    read = [t for t in dict.fromkeys([*told, *(t for parts in corpora.values() for _, t in parts['train']), *own]) if t.strip() and not runs(t) & judged]
    return [f'{t.upper()}\n{t}' if n % 3 == 0 else t for n, t in enumerate(read)]

def material(folder, data):
    "Corpora in three parts, and the lines to pre-train on; kept in the folder."
    path = folder/'material.json'
    if not path.is_file():
        corpora = {'aslg': aslg(data), 'generated': generated()}
        path.write_text(json.dumps({'corpora': corpora, 'lines': english(data, corpora)}, ensure_ascii=False))
    found = json.loads(path.read_text())
    corpora = {name: {p: [tuple(pair) for pair in rows] for p, rows in parts.items()} for name, parts in found['corpora'].items()}
    judged = judged_runs(corpora)
    shared = sum(bool(runs(half) & judged) for l in found['lines'] for half in l.split('\n'))
    if shared: raise AssertionError(f'{shared} lines to pre-train on hold what is judged')
    return corpora, found['lines']

def pretrained(folder, corpora, text, epochs):
    "The base model, pre-trained unless it is there; and what is known of it."
    from signbook.translation import causal
    if (folder/'base.json').is_file(): return json.loads((folder/'base.json').read_text())
    unread, read = text[::UNREAD], [t for n, t in enumerate(text) if n % UNREAD]
    tokenizer = causal.learn_tokenizer([*read, *(g for parts in corpora.values() for g, _ in parts['train'])], VOCABULARY)
    base, recipe = causal.build(SIZE, tokenizer), PRETRAINING | {'epochs': epochs}
    log = causal.pretrain(base, read, folder/'pretraining', causal.Pretraining(**recipe))
    made = {'size': SIZE, 'parameters': causal.parameters(base.model), 'vocabulary': len(tokenizer), 'lines': len(read), 'words': sum(len(t.split()) for t in read), 'recipe': recipe,
            'tokens_read': log[-1]['step']*PRETRAINING['rows']*PRETRAINING['block'], 'last_loss': log[-1]['loss'], 'perplexity_of_unread_lines': causal.perplexity(base, unread)}
    if not (folder/'base').is_dir(): causal.save_base(base, folder/'base')
    (folder/'base.json').write_text(json.dumps(made))
    return made


def clock():
    "A callback that notes the processor time of each step."
    from transformers import TrainerCallback
    class Clock(TrainerCallback):
        def __init__(self): self.seconds = []
        def on_step_begin(self, *_, **__): self.began = time.process_time()
        def on_step_end(self, *_, **__): self.seconds.append(time.process_time() - self.began)
    return Clock()

def weights_hash(model):
    "What the weights are, bit by bit; adapters are passed over."
    parts = sorted((n.replace('base_model.model.', '').replace('.base_layer', ''), p) for n, p in model.named_parameters() if 'lora_' not in n)
    own = hashlib.sha256()
    for name, p in parts: own.update(name.encode()); own.update(p.detach().cpu().contiguous().numpy().tobytes())
    return own.hexdigest()[:16]

def adapter_numbers(model, recipe):
    "How many numbers the adapters of a model must have: rank times both sides of every layer that gets one; DoRA's also a length for each output."
    import torch
    layers = {n: l for n, l in model.named_modules() if isinstance(l, torch.nn.Linear) and n != 'lm_head'}
    wanted = [l for n, l in layers.items() if recipe.targets == 'all-linear' or n.split('.')[-1] in recipe.targets.split()]
    return sum(recipe.rank*(l.in_features + l.out_features) + (l.out_features if recipe.method == 'dora' else 0) for l in wanted)

def answer_tokens(form, pairs):
    "Tokens that are learnt; and the same counted another way: those that lie behind the prompt's last letter."
    from signbook.translation.chat import examples
    learnt = sum(label != -100 for e in examples(form, pairs).rows for label in e.labels)
    counted = 0
    for pair in pairs:
        prompt, answer = form.strings(*pair, 'text')
        counted += sum(end > len(prompt) for _, end in form.tokenizer(prompt + answer, add_special_tokens=False, return_offsets_mapping=True)['offset_mapping'])
    return {'learnt': learnt, 'behind_the_prompt': counted}

def apart_by(first, second, rows):
    "How far the logits of two models are apart at most."
    import torch
    with torch.inference_mode(): return max(float((a - b).abs().max()) for a, b in ((m.logits for m in (first(input_ids=ids), second(input_ids=ids))) for ids in (torch.tensor([r.tokens]) for r in rows)))

def recipe_of(name, rates):
    "How a system is trained."
    from signbook.translation.adapters import load_chat_recipe
    changes, whose = SYSTEMS[name]
    return load_chat_recipe('card', **SCALED, **changes, **({'rate': rates[whose]} if whose else {}))

def choose(folder, corpora):
    "For LoRA, full fine-tuning and training from scratch the rate with the least loss on dev pairs, after a short run each."
    from dataclasses import replace
    from signbook.translation import adapters, causal
    losses = {}
    for kind in ('lora', 'full', 'scratch'):
        for rate in RATES:
            recipe = replace(recipe_of(kind, {kind: rate}), warm_up=10)
            log = adapters.tune(recipe, causal.load_base(folder/'base'), corpora['aslg']['train'][:TRIED], folder/'runs'/f'try_{kind}_{rate}', corpora['aslg']['dev'][:HELD]).report.log
            losses.setdefault(kind, {})[rate] = next(row['eval_loss'] for row in log if 'eval_loss' in row)
    return {'dev_loss': losses, 'rates': {kind: min(own, key=own.get) for kind, own in losses.items()}}

def train(folder, parts, corpus, name, rates):
    "One system on one corpus: what it cost, what held, and what it says of the test pairs."
    from signbook.translation import adapters, causal
    from signbook.translation.chat import Form, examples
    from signbook.translation.tuned import Chat, chat_translate
    recipe, base, watch = recipe_of(name, rates), causal.load_base(folder/'base'), clock()
    form, before = Form(base.tokenizer, recipe.template, recipe.longest), weights_hash(base.model)
    wanted, memory = adapter_numbers(base.model, recipe) if recipe.adapts else causal.parameters(base.model), adapters.peak_bytes()
    tuned = adapters.tune(recipe, base, parts['train'], folder/'runs'/f'{corpus}_{name}', parts['dev'], callbacks=[watch])
    r = tuned.report
    if r.trained != wanted: raise AssertionError(f'{name}: {r.trained} numbers are trained, expected {wanted}')
    dev = examples(form, parts['dev'][:50]).rows
    out = {'trained': r.trained, 'parameters': r.parameters, 'steps': r.log[-1]['step'], 'rate': recipe.rate, 'dev_loss': [x['eval_loss'] for x in r.log if 'eval_loss' in x][-1],
           'processor_seconds_a_step': round(float(np.median(watch.seconds)), 3) if watch.seconds else None, 'too_long': r.too_long, 'peak_mb': round(r.peak_bytes/2**20), 'mb_before_training': round(memory/2**20),
           'mb_of_gradients_and_moments': round(12*r.trained/2**20, 2), 'base_weights': [before, weights_hash(tuned.base.model)] if recipe.adapts else None,
           'merged_apart': apart_by(tuned.base.model, adapters.merge(tuned).model, dev) if recipe.adapts else None, 'masking': answer_tokens(form, parts['train'])}
    if recipe.adapts and len(set(out['base_weights'])) > 1: raise AssertionError(f'{name}: the base changed')
    return out | {'said': chat_translate(Chat.of(tuned), [g for g, _ in parts['test']], beam=1, longest=64, rows=32)}     # the likeliest token each time



def untrained(folder, parts):
    "What the base says without any fine-tuning."
    from signbook.translation import causal
    from signbook.translation.chat import Form, examples
    from signbook.translation.tuned import Chat, answer_logp, chat_translate
    base = causal.load_base(folder/'base')
    chat = Chat(base, Form(base.tokenizer, 'card'))
    prompts, answers = zip(*(([t for t, l in zip(*e) if l < 0], [l for l in e.labels if l >= 0]) for e in examples(chat.form, parts['dev']).rows))
    loss = -sum(answer_logp(chat, prompts, answers))/sum(map(len, answers))
    return {'trained': 0, 'parameters': causal.parameters(base.model), 'steps': 0, 'dev_loss': loss, 'said': chat_translate(chat, [g for g, _ in parts['test']], beam=1, longest=64, rows=32)}


def spread(rows, of):
    "A score with its interval, 95 %."
    from signbook.evaluation.text import interval
    i = interval(rows, of)
    return {'score': round(i.score, 3), 'interval_95': [round(i.low, 3), round(i.high, 3)]}

def judged(texts):
    "Every score of a system; three with the interval of drawing the sentences again."
    from signbook.evaluation import text as scores
    from signbook.evaluation.ngrams import rouge_l
    one = lambda values: np.stack([values, np.ones(len(texts))], 1)
    same = np.array([float(a.split() == b.split()) for a, b in zip(texts.hypotheses, texts.references)])
    return scores.score(texts) | {'older_bleu4_interval': spread(scores.older_rows(texts), scores.bleu4_of), 'exact_match_interval': spread(one(same), scores.mean_of),
                                  'rouge_l_interval': spread(one(rouge_l(texts.hypotheses, texts.references)), scores.mean_of)}

def compare(parts, jobs):
    "The systems of one corpus on its test pairs, beside what needs no training."
    from signbook.evaluation import text as scores
    sources, references = zip(*parts['test'])
    sides = tuple(zip(*parts['train']))
    made = {name: scores.Texts(out, references, 'eng') for name, out in ({name: job['said'] for name, job in jobs.items()} | scores.trivial(sources, sides)).items()}
    rows = {name: scores.older_rows(t) for name, t in made.items()}
    def ahead(ours, theirs):
        found = scores.paired(rows[ours], rows[theirs])
        return {'older_bleu4': round(found['difference'].score, 2), 'interval_95': [round(found['difference'].low, 2), round(found['difference'].high, 2)], 'p': found['p']}
    return {'pairs': {p: len(own) for p, own in parts.items()}, 'test_seen_in_training': scores.training_overlap(sources, references, sides),
            'ahead': {f'{a} of {b}': ahead(a, b) for a in ('card', 'lora', 'lora everywhere', 'full') if a in rows for b in rows if a != b},
            'systems': {name: judged(t) | {k: v for k, v in jobs.get(name, {}).items() if k != 'said'} for name, t in made.items()}}

def written(folder, corpora, about):
    "Score what there is, and keep the figures."
    chosen = json.loads((folder/'rates.json').read_text())
    out = {'base': about, 'scaled': SCALED, 'chosen': chosen | {'by': f'the loss on {HELD} dev pairs of ASLG-PC12 after {TRIED//SCALED["rows"]} steps; the test pairs chose nothing'}}
    for corpus, parts in corpora.items():
        jobs = {name: json.loads(path.read_text()) for name in ('base', *SYSTEMS) if (path := folder/f'{corpus}_{name}.json').is_file()}
        if jobs: out[corpus] = compare(parts, jobs)
    billion = folder/'one_billion.json'
    return out | ({'one_billion': json.loads(billion.read_text())} if billion.is_file() else {})

def free_gib():
    "Memory that a new process may take; without bound where Linux does not say."
    path = Path('/proc/meminfo')
    return int(re.search(r'MemAvailable:\s+(\d+)', path.read_text())[1])/2**20 if path.is_file() else np.inf

def one_billion(folder, pairs, steps=1):
    "The card's recipe on the shape of Llama-3.2-1B, with random weights: how much is trained, what it takes, and that it can speak."
    import torch
    from signbook.translation import adapters, causal
    recipe, tokenizer = adapters.load_chat_recipe('card', epochs=1., log=1), causal.load_base(folder/'base').tokenizer
    began = time.time()
    base, watch = causal.Base(causal.build('llama_1b').model, tokenizer), clock()
    built, wanted = time.time() - began, adapter_numbers(base.model, recipe)
    batch = recipe.rows*recipe.accumulate
    tuned = adapters.tune(recipe, base, pairs[:steps*batch], folder/'runs'/'one_billion', callbacks=[watch])
    if tuned.report.trained != wanted: raise AssertionError(f'{tuned.report.trained} numbers are trained, expected {wanted}')
    model, ids = tuned.base.model, torch.tensor([adapters.Form(tokenizer, 'card').prompt(pairs[0][0])])
    with torch.inference_mode():
        logits, began = model(input_ids=ids).logits, time.process_time()
        said = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=8, min_new_tokens=8, do_sample=False, pad_token_id=tokenizer.pad_token_id)
        spoke = time.process_time() - began
    config = model.config
    return {'parameters': causal.parameters(model) - wanted, 'trained': wanted, 'formula': f'{config.num_hidden_layers} layers times rank {recipe.rank} times ((2048 + 2048) for q_proj + (2048 + 512) for v_proj)',
            'logits': list(logits.shape), 'weights': 'float32, random', 'steps': steps, 'batch': f'{recipe.rows} times {recipe.accumulate}', 'losses': [x['loss'] for x in tuned.report.log], 'seconds_to_build': round(built, 1),
            'processor_seconds_a_step': round(float(np.median(watch.seconds)), 1), 'tokens_a_step': sum(len(adapters.Form(tokenizer, 'card').example(p).tokens) for p in pairs[:steps*batch])//steps,
            'peak_gib': round(adapters.peak_bytes()/2**30, 2), 'processor_seconds_a_token_generated': round(spoke/(said.shape[1] - ids.shape[1]), 2)}


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('folder', type=Path, nargs='?', help='of the runs: base model, checkpoints, what the systems say'); p.add_argument('--data', type=Path, default=DATA/'text')
    p.add_argument('--epochs', type=float, default=PRETRAINING['epochs'], help='of pre-training; the results say how many')
    p.add_argument('--one-billion', action='store_true', help='the same recipe on the published shape, with random weights'); p.add_argument('--score', action='store_true', help='score what there is, train nothing')
    p.add_argument('--job', nargs=2, help=argparse.SUPPRESS)
    a = p.parse_args()
    if a.folder is None: return print('skipped: give a folder for the runs; about half an hour of a quiet core')
    if reason := missing('torch', 'transformers', 'peft', 'trl', 'sacrebleu') or ('' if a.data.is_dir() else f'skipped: no corpora at {a.data} (set SIGNBOOK_DATA)'): return print(reason)
    import torch
    torch.set_num_threads(1)
    a.folder.mkdir(parents=True, exist_ok=True)
    corpora, text = material(a.folder, a.data)
    about = pretrained(a.folder, corpora, text, a.epochs)
    if a.job:                             # in a process of its own, so that memory is that of this job
        corpus, name = a.job
        if name == 'rates': made = choose(a.folder, corpora)
        elif name == 'one_billion': made = one_billion(a.folder, corpora[corpus]['train'])
        elif name == 'base': made = untrained(a.folder, corpora[corpus])
        else: made = train(a.folder, corpora[corpus], corpus, name, json.loads((a.folder/'rates.json').read_text())['rates'])
        return (a.folder/(f'{name}.json' if name in ('rates', 'one_billion') else f'{corpus}_{name}.json')).write_text(json.dumps(made, ensure_ascii=False))
    def job(corpus, name, made):
        if not made.is_file() and not a.score: subprocess.run([sys.executable, __file__, str(a.folder), '--data', str(a.data), '--job', corpus, name], check=True)
    if a.one_billion and free_gib() < 9: return print(f'skipped: the published shape takes 7 GiB, {free_gib():.0f} are free')
    if a.one_billion: job('aslg', 'one_billion', a.folder/'one_billion.json')
    else:
        job('aslg', 'rates', a.folder/'rates.json')
        for corpus in corpora:
            for name in ('base', *SYSTEMS): job(corpus, name, a.folder/f'{corpus}_{name}.json')
    keep('adapters', written(a.folder, corpora, about))


if __name__ == '__main__': main()
