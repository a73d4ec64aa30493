/* <signbook-player>: an animated GLB with the controls that reading a signer needs.
 *
 * Part of signbook, Apache-2.0. Needs model-viewer-umd.min.js beside it (or already on the page); asks the network for
 * nothing else. One clock of our own drives the clip (model-viewer stays paused and is told the time), so that speed,
 * loop, single frames and the end of the clip mean exactly what the buttons say.
 *
 * Attributes
 *   src                 address of the GLB (URL, data: or blob:), or
 *   glb                 the GLB itself, gzipped, in base64
 *   spans               JSON: [{gloss, word, kind, start, end}], seconds
 *   cameras             JSON: {name: {target, size, theta, phi, track: [{start, target, size}]}}; metres, degrees, seconds;
 *                       target and size are the box that has to be in the picture, track moves it from sign to sign
 *   label, background, poster, fps, speed, waiting (said while there is no clip), autoplay ("no" is off), loop,
 *   fill                take the height of the container
 * Methods: play() pause() seek(seconds) step(frames) view(name) reset(). Properties: time, duration, playing, spans.
 * Events: signbook-ready, signbook-span (detail: the span now signed, or null), signbook-error.
 */
(() => {
  'use strict';
  if (customElements.get('signbook-player')) return;

  const HERE = document.currentScript?.src;
  const EARLY = document.currentScript?.hasAttribute('data-preload');
  const STORE = 'signbook-player';
  const FIELD = 20;            // degrees, vertical: a long lens, little perspective on the near hand
  const SPEED_MIN = 0.25, SPEED_MAX = 1.5;
  const ICONS = {
    play: 'M8 5.2v13.6L19 12z',
    pause: 'M7 5h3.6v14H7zM13.4 5H17v14h-3.6z',
    back: 'M17.5 5.5v13L8.7 12zM5.5 5.5h2.2v13H5.5z',
    forward: 'M6.5 5.5v13l8.8-6.5zM16.3 5.5h2.2v13h-2.2z',
    loop: 'M6.2 7h9.3V4.2L20 8l-4.5 3.8V9H8.2v3H6.2zM17.8 17H8.5v2.8L4 16l4.5-3.8V15h7.3v-3h2z',
    captions: 'M4 5h16a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1zm1 2v10h14V7zm1.8 3.4h6.4v1.8H6.8zm8 0h2.4v1.8h-2.4zm-8 3.2h2.4v1.8H6.8zm4 0h6.4v1.8h-6.4z',
    full: 'M4 4h6v2H6v4H4zM14 4h6v6h-2V6h-4zM4 14h2v4h4v2H4zM18 14h2v6h-6v-2h4z',
    shrink: 'M8 4h2v6H4V8h4zM14 4h2v4h4v2h-6zM4 14h6v6H8v-4H4zM14 14h6v2h-4v4h-2z',
    reset: 'M12 5a7 7 0 1 1-6.6 4.7l1.9.7A5 5 0 1 0 12 7v3L7.4 6 12 2z',
  };
  const STYLE = `
    :host { display: block; --stage-height: clamp(17rem, min(56vh, 115vw), 38rem); text-align: start; }
    :host([hidden]) { display: none; }
    :host([fill]) { height: 100%; }
    * { box-sizing: border-box; }
    [hidden] { display: none !important; }
    .player { --paper: #ffffff; --ink: #1b2430; --soft: #4a5666; --line: #ccd3dc; --hover: #e9eef4; --accent: #1f4f8f;
      --mark: #ffd75e; --mark-ink: #1b1b1b; color: var(--ink); background: var(--paper); border: 1px solid var(--line);
      border-radius: 14px; overflow: hidden; display: flex; container-type: inline-size; flex-direction: column; line-height: 1.35;
      font: 400 1rem/1.35 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif; }
    .player.dark { --paper: #161c25; --ink: #eef2f7; --soft: #b4c0cf; --line: #394555; --hover: #273140; --accent: #9cc4ff; }
    :host([fill]) .player { height: 100%; border-radius: 0; border: 0; }
    .stage { position: relative; height: var(--stage-height); background: #dfe6ee; flex: none; }
    :host([fill]) .stage, .wide .stage { flex: 1 1 0; height: auto; min-height: 8rem; }
    model-viewer { position: absolute; inset: 0; width: 100%; height: 100%; background: transparent; --poster-color: transparent;
      --progress-bar-height: 0px; outline-offset: -3px; }
    .poster { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain; }
    .message { position: absolute; inset: auto 0 0 0; margin: 0 auto 1rem; width: fit-content; max-width: calc(100% - 2rem);
      padding: .6rem .9rem; border-radius: 10px; background: #1b2430; color: #fff; font-size: .95rem; }
    .message:empty { display: none; }
    .captions { display: flex; flex-wrap: wrap; gap: .25rem .35rem; padding: .6rem .75rem .4rem; max-height: 11.5rem;
      overflow-y: auto; position: relative; flex: none; }
    .captions:empty { display: none; }
    .wide .captions { justify-content: center; font-size: 1.35rem; }
    .item { font: inherit; color: inherit; background: none; border: 0; border-radius: 9px; min-height: 44px; min-width: 44px;
      padding: .2rem .55rem .3rem; cursor: pointer; display: inline-flex; flex-direction: column; align-items: center;
      border-bottom: 3px solid transparent; }
    .item:hover { background: var(--hover); }
    .word { font-size: 1.15em; font-weight: 600; overflow-wrap: anywhere; }
    .gloss { font-size: .74em; letter-spacing: .04em; color: var(--soft); overflow-wrap: anywhere; }
    .item[aria-current] { background: var(--mark); color: var(--mark-ink); border-bottom-color: var(--mark-ink); }
    .item[aria-current] .gloss { color: var(--mark-ink); }
    .part { padding: 0 .08em; }
    .part.now { background: var(--mark-ink); color: #fff; border-radius: 3px; }
    .timeline { display: flex; align-items: center; gap: .6rem; padding: 0 .75rem; }
    .track { position: relative; flex: 1; min-width: 0; }
    .marks { position: absolute; left: 11px; right: 11px; top: 3px; height: 6px; pointer-events: none; }
    .marks i { position: absolute; top: 0; height: 6px; border-radius: 2px; background: var(--line); }
    .marks i.now { background: var(--accent); }
    .clock { font-variant-numeric: tabular-nums; font-size: .85rem; color: var(--soft); white-space: nowrap; }
    input[type=range] { display: block; width: 100%; height: 44px; margin: 0; accent-color: var(--accent); cursor: pointer; background: none; }
    .bar { display: flex; flex-wrap: wrap; gap: .3rem .9rem; align-items: center; padding: 0 .6rem .6rem; }
    .group { display: flex; align-items: center; gap: .25rem; }
    .push { margin-inline-start: auto; }
    .bar button { font: inherit; font-size: .92rem; color: inherit; background: none; border: 1px solid transparent; border-radius: 10px;
      min-width: 44px; min-height: 44px; padding: 0; display: inline-flex; align-items: center; justify-content: center; cursor: pointer; }
    .bar button:hover { background: var(--hover); }
    .bar button:disabled, input:disabled { opacity: .45; cursor: default; }
    .bar button[aria-pressed=true] { border-color: var(--accent); color: var(--accent); background: var(--hover); }
    .bar button.main { background: var(--accent); color: var(--paper); border-radius: 50%; }
    .bar button.main:hover { filter: brightness(1.15); }
    .views button { padding: 0 .7rem; }
    svg { width: 24px; height: 24px; fill: currentColor; display: block; }
    .speed { display: flex; align-items: center; gap: .4rem; font-size: .92rem; color: var(--soft); }
    .speed input { width: 7rem; }
    .speed output { min-width: 3.2em; color: var(--ink); font-variant-numeric: tabular-nums; }
    button:focus-visible, input:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 10px; }
    .item:focus-visible { outline-offset: -3px; }
    .item[aria-current]:focus-visible { outline-color: var(--mark-ink); }
    .bar button.main:focus-visible { border-radius: 50%; }
    .hush { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
    .wide { position: fixed; inset: 0; z-index: 2147483000; border-radius: 0; border: 0; }
    .fallback { padding: 1rem .9rem; overflow: auto; }
    .player.still .stage { display: flex; flex-direction: column; align-items: center; }
    .player.still .poster { position: static; flex: 1; min-height: 0; }
    .player.still .message { position: static; margin: 1rem; }
    @container (max-width: 54rem) { .views { flex: 1 1 100%; } .views button { flex: 1; border-color: var(--line); } }
    @container (max-width: 42rem) { .speed > span { display: none; } .speed input { width: 6.5rem; } .bar { gap: .3rem .6rem; } }
    @container (max-width: 30rem) { .bar { gap: .3rem; justify-content: space-between; } .push { margin-inline-start: 0; } .bar .group { gap: 0; }
      .captions { padding-inline: .5rem; }
      .views { flex: 1 1 0; } .views button { padding: 0 .3rem; } .views button + button { margin-inline-start: .2rem; } }
    @media (prefers-reduced-motion: no-preference) { .item, .bar button { transition: background-color .12s; } }
    @media (forced-colors: active) { .item[aria-current] { outline: 3px solid Highlight; } svg { fill: ButtonText; } }`;
  const icon = name => `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${ICONS[name]}"/></svg>`;
  const button = (name, label, keys = '') =>
    `<button type="button" data-do="${name}" aria-label="${label}" title="${label}"${keys && ` aria-keyshortcuts="${keys}"`}>${icon(name)}</button>`;
  const MARKUP = `
    <style>${STYLE}</style>
    <div class="player" role="group">
      <div class="stage"><img class="poster" alt="" hidden><p class="message" role="status"></p></div>
      <slot class="fallback" hidden></slot>
      <div class="captions" role="group" aria-label="Words and their signs: choose one to go to it"></div>
      <div class="timeline">
        <div class="track"><div class="marks" aria-hidden="true"></div>
          <input class="scrub" type="range" min="0" max="1" step="0.001" value="0" aria-label="Position in the clip"></div>
        <span class="clock" aria-hidden="true">0.0 / 0.0 s</span>
      </div>
      <div class="bar">
        <div class="group" role="group" aria-label="Playback">
          ${button('play', 'Play', 'Space').replace('<button', '<button class="main"')}
          ${button('back', 'One frame back', ',')}${button('forward', 'One frame forward', '.')}${button('loop', 'Repeat', 'L')}
        </div>
        <label class="speed"><span>Speed</span>
          <input class="rate" type="range" min="${SPEED_MIN}" max="${SPEED_MAX}" step="0.05" value="1" aria-label="Playback speed"><output>1\u00d7</output></label>
        <div class="group push" role="group" aria-label="Display">
          ${button('captions', 'Captions', 'C')}${button('reset', 'Reset: start, front camera, normal speed', 'R')}${button('full', 'Full screen', 'F')}
        </div>
        <div class="group views" role="group" aria-label="Camera">
          <button type="button" data-view="front" aria-pressed="true">Front</button>
          <button type="button" data-view="side" aria-pressed="false">Side</button>
          <button type="button" data-view="hands" aria-pressed="false">Hands</button>
        </div>
      </div>
      <span class="hush" role="status"></span>
    </div>`;

  const clamp = (x, low, high) => Math.min(high, Math.max(low, x));
  const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches;
  const remembered = () => { try { return JSON.parse(localStorage.getItem(STORE)) || {}; } catch { return {}; } };
  const remember = change => { try { localStorage.setItem(STORE, JSON.stringify({ ...remembered(), ...change })); } catch { /* private window */ } };
  const listOf = text => { try { const it = JSON.parse(text || '[]'); return Array.isArray(it) ? it : []; } catch { return []; } };
  const mapOf = text => { try { return JSON.parse(text || '{}') || {}; } catch { return {}; } };

  function hasWebGL() {
    const canvas = document.createElement('canvas');
    const context = canvas.getContext('webgl2');
    if (context) context.getExtension('WEBGL_lose_context')?.loseContext();
    return !!context;
  }

  let loading = null;
  function viewer() {          // resolves when <model-viewer> is defined; loads the script beside this one at most once
    if (customElements.get('model-viewer')) return Promise.resolve();
    const late = new Promise((_, fail) => setTimeout(() => fail(new Error('model-viewer did not load')), 60000));
    if (!HERE || document.querySelector('script[data-model-viewer]')) return Promise.race([customElements.whenDefined('model-viewer'), late]);
    return loading ||= new Promise((done, fail) => {
      const script = document.createElement('script');
      const amd = window.define && window.define.amd;      // require.js would swallow a UMD file
      const restore = () => { if (amd) window.define.amd = amd; };
      if (amd) window.define.amd = undefined;
      script.src = new URL('model-viewer-umd.min.js', HERE).href;
      script.onload = () => { restore(); done(); };
      script.onerror = () => { restore(); loading = null; fail(new Error('model-viewer did not load')); };
      document.head.append(script);
    });
  }

  async function unzipped(base64) {          // gzipped base64 -> blob: URL of the GLB
    const bytes = Uint8Array.from(atob(base64), c => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
    return URL.createObjectURL(new Blob([await new Response(stream).arrayBuffer()], { type: 'model/gltf-binary' }));
  }

  const silent = span => !span.gloss || ['pause', 'hold', 'transition'].includes(span.kind);

  function grouped(spans) {                  // letters of one spelled word stand together; pauses and holds are not shown
    const items = [];
    spans.forEach((span, index) => {
      if (silent(span)) return;
      const last = items[items.length - 1];
      const letter = span.kind === 'spell' || span.kind === 'letter';
      if (letter && last && last.letter && last.word === span.word && last.next === index) { last.parts.push({ span, index }); last.next++; }
      else items.push({ word: span.word || '', letter, parts: [{ span, index }], next: index + 1 });
    });
    return items;
  }

  class SignbookPlayer extends HTMLElement {
    static observedAttributes = ['src', 'glb', 'spans', 'label', 'background', 'poster', 'fps', 'cameras'];

    constructor() {
      super();
      this.attachShadow({ mode: 'open' }).innerHTML = MARKUP;
      this.$ = selector => this.shadowRoot.querySelector(selector);
      this.box = this.$('.player');
      this.time = 0; this.duration = 0; this.playing = false; this.rate = 1; this.loops = false; this.shown = true;
      this.camera = 'front'; this.seen = true; this.current = -1; this.nudge = 0; this.items = []; this.list = [];
      this.pending = new Set(); this.ready = false; this.tick = this.tick.bind(this);
      this.listen();
    }

    // ---- life ----
    connectedCallback() {
      const kept = remembered();
      this.setRate(kept.speed ?? parseFloat(this.getAttribute('speed') || '1'), false);
      this.setLoop(kept.loop ?? this.hasAttribute('loop'), false);
      this.setCaptions(kept.captions ?? true, false);
      this.watchers = [];
      const watch = (observer, ...on) => { observer.observe(...on); this.watchers.push(observer); };
      watch(new IntersectionObserver(([entry]) => { this.seen = entry.isIntersecting; if (this.seen) this.frame(); }), this);
      watch(new ResizeObserver(() => this.fit()), this.$('.stage'));
      const theme = new MutationObserver(() => this.theme());
      for (const root of [document.documentElement, document.body]) if (root) watch(theme, root, { attributes: true });
      this.scheme = matchMedia('(prefers-color-scheme: dark)');
      this.onScheme = () => this.theme();
      this.scheme.addEventListener('change', this.onScheme);
      this.onFull = () => this.drawFull();
      document.addEventListener('fullscreenchange', this.onFull);
      this.theme();
      this.enable(false);
      this.changed(...SignbookPlayer.observedAttributes);
    }

    disconnectedCallback() {
      this.watchers.forEach(w => w.disconnect());
      this.scheme.removeEventListener('change', this.onScheme);
      document.removeEventListener('fullscreenchange', this.onFull);
      this.pause();
      this.release();
    }

    attributeChangedCallback(name, before, after) { if (before !== after && this.isConnected && this.watchers) this.changed(name); }

    changed(...names) {        // attributes that arrive together are answered once
      if (!this.pending.size) queueMicrotask(() => this.update());
      names.forEach(name => this.pending.add(name));
    }

    update() {
      const has = name => this.pending.has(name), value = name => this.getAttribute(name);
      const reload = has('src') || has('glb');
      if (has('background')) {
        const colour = value('background');
        this.$('.stage').style.backgroundColor = colour && CSS.supports('color', colour) ? colour : '';
      }
      if (has('label')) {
        const label = value('label') || 'Signing avatar';
        this.box.setAttribute('aria-label', label);
        if (this.model) this.model.alt = label;
      }
      if (has('poster')) {
        const image = this.$('.poster');
        image.hidden = !value('poster') || this.ready;
        if (value('poster')) image.src = value('poster'); else image.removeAttribute('src');
      }
      if (has('spans')) this.spans = listOf(value('spans'));
      if (has('cameras') && this.ready) this.view(this.camera);
      this.pending.clear();
      if (reload) this.load();
    }

    release() { if (this.blob) URL.revokeObjectURL(this.blob); this.blob = null; }

    // ---- loading ----
    async load() {
      const ticket = this.ticket = {}, stale = () => this.ticket !== ticket || !this.isConnected;
      this.pause(); this.ready = false; this.enable(false); this.release();
      const packed = this.getAttribute('glb');
      if (!packed && !this.getAttribute('src')) { this.say(this.getAttribute('waiting') || ''); if (this.model) this.model.removeAttribute('src'); return; }
      if (!hasWebGL()) return this.still('This browser cannot show 3D here (WebGL is off). The signs are listed below.');
      this.say('Loading the avatar\u2026');
      try {
        await viewer();
        if (stale()) return;
        const source = packed ? await unzipped(packed) : this.getAttribute('src');
        if (stale()) { if (packed) URL.revokeObjectURL(source); return; }
        if (packed) this.blob = source;
        await this.open(source);
        if (stale()) return;
      } catch (error) {
        if (stale()) return;
        this.dispatchEvent(new CustomEvent('signbook-error', { detail: String(error && error.message || error) }));
        return this.still('The avatar could not be loaded. The signs are listed below.');
      }
      this.start();
    }

    open(source) {             // one model-viewer for the life of the element; only its source changes
      const fresh = !this.model;
      customElements.get('model-viewer').minimumRenderScale = 0.5;      // on slow machines rather fewer pictures than unreadable fingers
      const model = this.model ||= document.createElement('model-viewer');
      const options = { 'camera-controls': '', 'touch-action': 'pan-y', 'interaction-prompt': 'none', 'disable-tap': '',
        'shadow-intensity': '0', 'environment-image': 'neutral', 'tone-mapping': 'neutral', exposure: '1',
        'animation-crossfade-duration': '0', 'field-of-view': `${FIELD}deg`, 'min-field-of-view': '3deg', 'max-field-of-view': '90deg',
        'min-camera-orbit': 'auto 20deg 0.4m', 'max-camera-orbit': 'auto 160deg 12m', 'interpolation-decay': '80', loading: 'eager' };
      if (fresh) for (const [name, value] of Object.entries(options)) model.setAttribute(name, value);
      model.alt = this.getAttribute('label') || 'Signing avatar';
      return new Promise((done, fail) => {
        const finish = (event, end) => { model.removeEventListener('load', onLoad); model.removeEventListener('error', onError); end(event); };
        const onLoad = event => finish(event, () => done());
        const onError = event => finish(event, () => fail(new Error(event.detail?.sourceError?.message || 'the GLB could not be read')));
        model.addEventListener('load', onLoad);
        model.addEventListener('error', onError);
        model.removeAttribute('src');
        model.setAttribute('src', source);
        if (fresh) this.$('.stage').prepend(model);
      });
    }

    async start() {
      const model = this.model;
      model.hidden = false;
      this.box.classList.remove('still');
      this.$('.fallback').hidden = true;
      this.$('.poster').hidden = true;
      model.animationName = model.availableAnimations[0];
      await model.updateComplete;
      this.duration = model.duration || 0;
      this.$('.scrub').max = this.duration || 1;
      this.time = 0; this.current = -1; this.ready = true;
      this.say('');
      this.enable(true);
      this.drawMarks();
      this.view(this.camera, true);
      this.frame();
      this.dispatchEvent(new CustomEvent('signbook-ready', { detail: { duration: this.duration } }));
      if (this.hasAttribute('autoplay') && this.getAttribute('autoplay') !== 'no' && !calm()) this.play();
    }

    still(text) {              // no 3D: poster and the list of signs, or else what the page put inside the element
      this.box.classList.add('still');
      if (this.model) this.model.hidden = true;
      this.$('.poster').hidden = !this.getAttribute('poster');
      this.$('.fallback').hidden = this.items.length > 0 && this.shown;
      this.say(text);
      this.enable(false);
    }

    say(text) { this.$('.message').textContent = text; }
    enable(on) { this.shadowRoot.querySelectorAll('.bar button:not([data-do=captions]):not([data-do=full]), .scrub, .rate').forEach(e => { e.disabled = !on; }); }

    // ---- the clock ----
    get fps() { return clamp(parseFloat(this.getAttribute('fps') || '30') || 30, 1, 240); }

    play() {
      if (!this.ready || !this.duration || this.playing) return;
      if (this.time >= this.duration - 1e-3) this.time = 0;
      this.playing = true; this.last = null;
      this.drawPlay();
      requestAnimationFrame(this.tick);
    }

    pause() {
      if (!this.playing) return;
      this.playing = false;
      this.drawPlay();
      this.drawValue();
    }

    tick(now) {
      if (!this.playing || !this.isConnected) return;
      const passed = this.last === null ? 0 : Math.min((now - this.last) / 1000, 0.25);
      this.last = now;
      if (this.seen) {
        let time = this.time + passed * this.rate;
        if (time >= this.duration) {
          if (this.loops) time %= this.duration;
          else { this.time = this.duration; this.frame(); this.pause(); return; }
        }
        this.time = time;
        this.frame();
      }
      requestAnimationFrame(this.tick);
    }

    seek(seconds) { this.time = clamp(+seconds || 0, 0, this.duration); this.last = null; this.frame(); this.drawValue(); }

    step(frames) {
      this.pause();
      this.seek(Math.round(this.time * this.fps + frames) / this.fps);
    }

    frame() {                  // show the moment `time`; a hair before the end, where the clip would wrap to its start
      if (!this.ready) return;
      if (this.duration) this.model.currentTime = clamp(this.time, 0, this.duration - 1e-4);
      this.$('.scrub').value = this.time;
      this.$('.clock').textContent = `${this.time.toFixed(1)} / ${this.duration.toFixed(1)} s`;
      this.drawCurrent();
    }

    // ---- captions ----
    get spans() { return this.list; }
    set spans(list) {
      this.list = (list || []).filter(s => s && isFinite(s.start) && isFinite(s.end));
      this.items = grouped(this.list);
      this.current = -1;
      this.drawCaptions();
      this.drawMarks();
      if (this.ready) this.drawCurrent();
    }

    drawCaptions() {
      const text = (tag, name, value) => { const e = document.createElement(tag); e.className = name; e.textContent = value; return e; };
      const box = this.$('.captions');
      box.dir = /[\u0590-\u08ff]/.test(this.items.map(i => i.word).join('')) ? 'rtl' : 'ltr';
      box.replaceChildren(...this.items.map((item, n) => {
        const node = document.createElement('button');
        node.type = 'button'; node.className = 'item'; node.tabIndex = n ? -1 : 0; node.dataset.start = item.parts[0].span.start;
        const word = text('span', 'word', item.word || item.parts[0].span.gloss.replace(/^fs-/, ''));
        word.dir = 'auto';
        const gloss = text('span', 'gloss', '');
        gloss.append(...item.parts.flatMap((part, k) => [...(k ? ['-'] : []), text('span', 'part', part.span.gloss.startsWith('fs-') ? [...part.span.gloss.slice(3)].join('-') : part.span.gloss)]));
        node.append(word, ' ', gloss);
        item.node = node; item.letters = [...gloss.querySelectorAll('.part')];
        return node;
      }));
    }

    drawMarks() {
      const total = this.duration || Math.max(0, ...this.list.map(s => s.end));
      this.$('.marks').replaceChildren(...this.list.map(span => {
        const mark = document.createElement('i');
        mark.style.left = `${100 * span.start / total}%`;
        mark.style.width = `max(2px, calc(${100 * (span.end - span.start) / total}% - 2px))`;
        mark.hidden = silent(span);
        return mark;
      }));
    }

    drawCurrent() {            // touched only when the word changes: nothing here is announced by itself
      const at = this.time + 1e-6;
      const now = this.list.findIndex(s => !silent(s) && s.start <= at && at < s.end);
      if (now === this.current) return;
      this.current = now;
      [...this.$('.marks').children].forEach((mark, k) => mark.classList.toggle('now', k === now));
      for (const item of this.items) {
        const on = item.parts.some(part => part.index === now);
        if (on) item.node.setAttribute('aria-current', 'true'); else item.node.removeAttribute('aria-current');
        item.letters.forEach((node, k) => node.classList.toggle('now', on && item.parts.length > 1 && item.parts[k].index === now));
        if (on) this.reveal(item.node);
      }
      if (this.tracked && now >= 0) this.view(this.camera, !this.playing);
      this.dispatchEvent(new CustomEvent('signbook-span', { detail: now < 0 ? null : this.list[now] }));
    }

    reveal(node) {             // scrolls the caption box, never the page
      const box = this.$('.captions'), top = node.offsetTop, low = top + node.offsetHeight;
      if (top < box.scrollTop) box.scrollTop = top - 6;
      else if (low > box.scrollTop + box.clientHeight) box.scrollTop = low - box.clientHeight + 6;
    }

    // ---- camera ----
    presets() {                // where the clip did not say, the signing space is taken from the height of the model
      const size = this.model.getDimensions(), middle = this.model.getBoundingBoxCenter();
      const tall = size.y || 1.7, top = middle.y + tall / 2, x = middle.x, z = middle.z;
      const own = mapOf(this.getAttribute('cameras'));
      return {
        front: { target: [x, top - 0.27 * tall, z], size: [0.62 * tall, 0.62 * tall], theta: 0, phi: 88, ...own.front },
        side: { target: [x, top - 0.27 * tall, z + 0.1], size: [0.56 * tall, 0.62 * tall], theta: -78, phi: 88, ...own.side },
        hands: { target: [x, top - 0.24 * tall, z + 0.15], size: [0.4 * tall, 0.36 * tall], theta: 0, phi: 84, ...own.hands },
      };
    }

    async view(name, jump = calm()) {
      if (!this.ready) return;
      const preset = this.follow(this.presets()[name] || this.presets().front);
      const stage = this.$('.stage'), model = this.model, aspect = stage.clientWidth / Math.max(1, stage.clientHeight);
      this.camera = name;
      this.shadowRoot.querySelectorAll('[data-view]').forEach(b => b.setAttribute('aria-pressed', String(b.dataset.view === name)));
      const half = Math.tan(await this.lens(aspect) * Math.PI / 360);
      const radius = Math.max(preset.size[1] / 2 / half, preset.size[0] / 2 / (half * aspect)) + 0.15;
      model.interpolationDecay = this.tracked ? 160 : 80;
      model.cameraTarget = preset.target.map(v => `${v.toFixed(4)}m`).join(' ');
      model.cameraOrbit = `${preset.theta + 0.001 * this.nudge}deg ${preset.phi}deg ${radius.toFixed(4)}m`;
      if (!jump) return;
      await model.updateComplete;
      model.jumpCameraToGoal();
    }

    follow(preset) {           // a camera with a track goes along with the signs, unless less motion is wanted
      this.tracked = !!preset.track?.length && !calm();
      if (!this.tracked) return preset;
      return { ...preset, ...(preset.track.findLast(part => part.start <= this.time + 1e-6) || preset.track[0]) };
    }

    async lens(aspect) {       // asks for FIELD and returns what model-viewer made of it (it widens the lens on narrow stages)
      const model = this.model;
      this.nudge = 1 - this.nudge;             // a value that differs a little, or a camera that was dragged away would stay
      model.fieldOfView = `${FIELD + 0.0001 * this.nudge}deg`;
      await model.updateComplete;
      if (this.lensAt?.aspect !== aspect) {
        model.jumpCameraToGoal();
        await model.updateComplete;
        this.lensAt = { aspect, degrees: model.getFieldOfView() };
      }
      return this.lensAt.degrees;
    }

    fit() {                    // after the stage changed its size, and after model-viewer has noticed
      clearTimeout(this.fitting);
      this.fitting = setTimeout(() => this.ready && this.view(this.camera, true), 120);
    }

    // ---- controls ----
    setRate(rate, keep = true) {
      this.rate = clamp(+rate || 1, SPEED_MIN, SPEED_MAX);
      const range = this.$('.rate');
      range.value = this.rate;
      range.setAttribute('aria-valuetext', `${+this.rate.toFixed(2)} times`);
      this.$('output').textContent = `${+this.rate.toFixed(2)}\u00d7`;
      if (keep) remember({ speed: this.rate });
    }

    setLoop(on, keep = true) {
      this.loops = !!on;
      this.$('[data-do=loop]').setAttribute('aria-pressed', String(this.loops));
      if (keep) remember({ loop: this.loops });
    }

    setCaptions(on, keep = true) {
      this.shown = !!on;
      this.$('.captions').hidden = !this.shown;
      this.$('[data-do=captions]').setAttribute('aria-pressed', String(this.shown));
      if (keep) remember({ captions: this.shown });
    }

    reset() {
      this.pause(); this.setRate(1); this.seek(0); this.view('front');
      this.$('.hush').textContent = 'Back at the start, front camera, normal speed.';
    }

    toggleFull() {
      if (document.fullscreenElement === this) return document.exitFullscreen();
      if (this.box.classList.contains('wide')) { this.box.classList.remove('wide'); return this.drawFull(); }
      const grow = () => { this.box.classList.add('wide'); this.drawFull(); };      // where full screen is not allowed: fill the window
      if (this.requestFullscreen && document.fullscreenEnabled) this.requestFullscreen().catch(grow); else grow();
    }

    drawFull() {
      const real = document.fullscreenElement === this;
      if (real) this.box.classList.add('wide'); else if (this.wasFull) this.box.classList.remove('wide');
      this.wasFull = real;
      const on = this.box.classList.contains('wide'), node = this.$('[data-do=full]'), label = on ? 'Leave full screen' : 'Full screen';
      node.setAttribute('aria-label', label); node.title = label; node.innerHTML = icon(on ? 'shrink' : 'full');
    }

    drawPlay() {
      const node = this.$('[data-do=play]'), label = this.playing ? 'Pause' : 'Play';
      node.setAttribute('aria-label', label); node.title = label; node.innerHTML = icon(this.playing ? 'pause' : 'play');
    }

    drawValue() {              // what a screen reader says of the position: set when the user stops or seeks, not every frame
      const span = this.list[this.current];
      const text = `${this.time.toFixed(1)} of ${this.duration.toFixed(1)} seconds${span ? `, ${span.gloss}` : ''}`;
      this.$('.scrub').setAttribute('aria-valuetext', text);
    }

    theme() {                  // follows the page: light text around us means a dark page
      const [r, g, b] = (getComputedStyle(this).color.match(/[\d.]+/g) || [0, 0, 0]).map(Number);
      this.box.classList.toggle('dark', 0.299 * r + 0.587 * g + 0.114 * b > 140);
    }

    act(name) {
      ({ play: () => this.playing ? this.pause() : this.play(), back: () => this.step(-1), forward: () => this.step(1),
        loop: () => this.setLoop(!this.loops), captions: () => this.setCaptions(!this.shown), full: () => this.toggleFull(),
        reset: () => this.ready && this.reset() })[name]?.();
    }

    listen() {
      const root = this.shadowRoot, captions = this.$('.captions');
      root.addEventListener('click', event => {
        const node = event.target.closest('[data-do], [data-view], .item');
        if (!node) return;
        if (node.dataset.do) this.act(node.dataset.do);
        else if (node.dataset.view) this.view(node.dataset.view);
        else { this.rove(node); this.seek(+node.dataset.start); }
      });
      this.$('.scrub').addEventListener('input', event => this.seek(event.target.value));
      this.$('.rate').addEventListener('input', event => this.setRate(event.target.value));
      captions.addEventListener('keydown', event => {
        const nodes = this.items.map(item => item.node), at = nodes.indexOf(root.activeElement);
        const ahead = captions.dir === 'rtl' ? -1 : 1;
        const to = { ArrowRight: at + ahead, ArrowLeft: at - ahead, Home: 0, End: nodes.length - 1 }[event.key];
        if (at < 0 || to === undefined) return;
        event.preventDefault();
        const node = nodes[clamp(to, 0, nodes.length - 1)];
        this.rove(node);
        node.focus();
      });
      this.addEventListener('keydown', event => this.shortcut(event));
      this.$('.stage').addEventListener('wheel', event => {      // the wheel scrolls the page; with Ctrl, or in full screen, it zooms
        if (!event.ctrlKey && !this.box.classList.contains('wide')) event.stopPropagation();
      }, { capture: true });
    }

    rove(node) { this.items.forEach(item => { item.node.tabIndex = item.node === node ? 0 : -1; }); }

    shortcut(event) {          // single keys count only while the focus is inside the player
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      const on = event.composedPath()[0];
      if (event.key === 'Escape' && this.box.classList.contains('wide') && !document.fullscreenElement) { event.preventDefault(); return this.toggleFull(); }
      if (event.key === ' ' && on.tagName === 'BUTTON') return;
      const name = { ' ': 'play', k: 'play', ',': 'back', '.': 'forward', l: 'loop', c: 'captions', f: 'full', r: 'reset' }[event.key.toLowerCase()];
      if (!name) return;
      event.preventDefault();
      this.act(name);
    }
  }
  customElements.define('signbook-player', SignbookPlayer);
  if (EARLY) viewer().catch(() => {});       // a failure is told by the first player that needs it
})();
