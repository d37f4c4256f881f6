// @ts-nocheck The types of this project have no browser.
// Runs in the browser: makes the points of a report answer to pointer, keys, filters and search.
// Each `.explorer` names the element that holds its data:
// { x, y: integers 0..9999, item, subclip (from 0): numbers, items: [{ id, title, genres }] }.
for (const root of document.querySelectorAll('.explorer')) {
  const data = JSON.parse(document.getElementById(root.dataset.source).textContent);
  const canvas = root.querySelector('canvas');
  const status = root.querySelector('[role=status]');
  const found = root.querySelector('tbody');
  const count = root.querySelector('caption');
  const key = root.querySelector('.key');
  const [genre, subclip, colour, search] = ['genre', 'subclip', 'colour', 'search'].map((name) =>
    root.querySelector(`[name=${name}]`),
  );
  const rows = data.x.length;
  const genres = [...new Set(data.items.flatMap((item) => item.genres))].sort();
  const subclips = 1 + data.subclip.reduce((most, number) => Math.max(most, number), 0);
  const LISTED = 200;
  const cells = 64;
  const buckets = Array.from({ length: cells * cells }, () => []);
  const cellOf = (value) => Math.min(cells - 1, Math.floor((value / 10000) * cells));
  for (let row = 0; row < rows; row++) buckets[cellOf(data.y[row]) * cells + cellOf(data.x[row])].push(row);
  const shown = new Uint8Array(rows).fill(1);
  const free = root.querySelector('[name=free]');
  let list = [];
  let current = -1;
  // The line around the selected points, as x and y of its corners; while it is being drawn, it
  // selects nothing.
  let [ring, drawing] = [[], false];

  const option = (value, text) => {
    const element = document.createElement('option');
    element.value = value;
    element.textContent = text;
    return element;
  };
  for (const name of genres) genre.append(option(name, name));
  for (let number = 0; number < subclips; number++) subclip.append(option(String(number), String(number)));
  if (genres.length === 0) genre.parentElement.hidden = true;
  if (subclips < 2) {
    subclip.parentElement.hidden = true;
    root.querySelector('.found').classList.add('whole');
    if (genres.length > 0) colour.value = 'genre';
  }

  const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);
  const placeOfGenre = new Map(genres.map((name, at) => [name, at]));
  const genreOf = data.items.map((item) => placeOfGenre.get(item.genres[0]) ?? genres.length);
  const byGenre = () => colour.value === 'genre';
  const colourOf = (row) => (byGenre() ? genreOf[data.item[row]] : data.subclip[row]);
  const hue = (place) => {
    if (!byGenre()) return `hsl(${215 + (130 * place) / Math.max(1, subclips - 1)} 70% 52%)`;
    return place === genres.length ? 'hsl(0 0% 55%)' : `hsl(${(360 * place) / genres.length} 65% 50%)`;
  };
  /** Names what the colours mean; of many subclips, some. */
  function explain() {
    const count = byGenre() ? genres.length + 1 : subclips;
    const used = new Set(byGenre() ? data.item.map((item) => genreOf[item]) : Array(subclips).keys());
    const every = byGenre() ? 1 : Math.ceil(subclips / 12);
    const named = Array.from({ length: count }, (_, at) => at).filter((at) => used.has(at) && at % every === 0);
    key.hidden = named.length < 2;
    key.replaceChildren(
      ...named.map((at) => {
        const line = document.createElement('li');
        const swatch = document.createElement('i');
        swatch.style.background = hue(at);
        line.append(swatch, byGenre() ? (genres[at] ?? 'no genre') : `subclip ${at}`);
        return line;
      }),
    );
  }

  const points = document.createElement('canvas');
  const place = (row, size) => [(data.x[row] / 10000) * size, (1 - data.y[row] / 10000) * size];

  /** All points, on a canvas that is kept until what is shown changes. */
  function paint() {
    const size = Math.round(canvas.clientWidth * (window.devicePixelRatio || 1));
    points.width = points.height = size;
    const context = points.getContext('2d');
    const radius = radiusOf();
    const inks = Array.from({ length: 1 + (byGenre() ? genres.length : subclips) }, (_, at) => hue(at));
    for (const [only, alpha] of [
      [0, 0.08],
      [1, 0.75],
    ]) {
      context.globalAlpha = alpha;
      for (let row = 0; row < rows; row++) {
        if (shown[row] !== only) continue;
        const [x, y] = place(row, size);
        context.fillStyle = inks[colourOf(row)];
        context.fillRect(x - radius, y - radius, 2 * radius, 2 * radius);
      }
    }
    draw();
  }

  const radiusOf = () => Math.max(1, Math.min(3, 160 / Math.sqrt(rows))) * (window.devicePixelRatio || 1);

  function draw() {
    const size = points.width;
    if (canvas.width !== size) canvas.width = canvas.height = size;
    const context = canvas.getContext('2d');
    context.clearRect(0, 0, size, size);
    if (size > 0) context.drawImage(points, 0, 0);
    context.strokeStyle = ink('--ink');
    if (ring.length > 0) {
      context.lineWidth = window.devicePixelRatio || 1;
      context.setLineDash(drawing ? [] : [6, 4]);
      context.beginPath();
      for (const [x, y] of ring) context.lineTo((x / 10000) * size, (1 - y / 10000) * size);
      if (!drawing) context.closePath();
      context.stroke();
      context.setLineDash([]);
    }
    if (current >= 0) {
      const radius = radiusOf();
      const [x, y] = place(current, size);
      context.lineWidth = 2;
      context.beginPath();
      context.arc(x, y, 4 * radius, 0, 2 * Math.PI);
      context.stroke();
    }
  }

  function say(row) {
    current = row;
    const { id, title, genres: own } = data.items[data.item[row]];
    const name = title === undefined ? id : `${title} (${id})`;
    const part = subclips > 1 ? `, subclip ${data.subclip[row]} (0 to ${subclips - 1})` : '';
    status.textContent = `${name}${part}${own.length > 0 ? `: ${own.join(', ')}` : ''}`;
    draw();
  }

  /** Whether a line from a point to the right crosses the ring an odd number of times. */
  function isInside(x, y) {
    let inside = false;
    for (let at = 0, before = ring.length - 1; at < ring.length; before = at++) {
      const [[x1, y1], [x2, y2]] = [ring[before], ring[at]];
      if (y1 > y !== y2 > y && x < x1 + ((y - y1) * (x2 - x1)) / (y2 - y1)) inside = !inside;
    }
    return inside;
  }

  function filter() {
    const wanted = search.value.trim().toLowerCase();
    list = [];
    for (let row = 0; row < rows; row++) {
      const item = data.items[data.item[row]];
      const is =
        (genre.value === '' || item.genres.includes(genre.value)) &&
        (subclip.value === '' || data.subclip[row] === Number(subclip.value)) &&
        (wanted === '' || `${item.id} ${item.title ?? ''}`.toLowerCase().includes(wanted)) &&
        (ring.length === 0 || isInside(data.x[row], data.y[row]));
      shown[row] = is ? 1 : 0;
      if (is) list.push(row);
    }
    count.textContent = `${list.length} of ${rows} points${list.length > LISTED ? `; the first ${LISTED} are listed` : ''}`;
    found.replaceChildren(
      ...list.slice(0, LISTED).map((row) => {
        const line = document.createElement('tr');
        const { id, title, genres: own } = data.items[data.item[row]];
        for (const [name, text] of [
          ['item', title ?? id],
          ['subclip', String(data.subclip[row])],
          ['genres', own.join(', ')],
        ]) {
          const cell = document.createElement('td');
          cell.className = name;
          cell.textContent = text;
          line.append(cell);
        }
        line.addEventListener('mouseenter', () => say(row));
        return line;
      }),
    );
    current = -1;
    free.hidden = ring.length === 0;
    paint();
  }

  function letGo() {
    [ring, drawing] = [[], false];
    filter();
  }

  const cornerOf = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * 10000, (1 - (event.clientY - box.top) / box.height) * 10000];
  };
  canvas.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    [ring, drawing] = [[cornerOf(event)], true];
  });
  canvas.addEventListener('pointerup', () => {
    if (!drawing) return;
    drawing = false;
    // A click, as opposed to a line, clears the selection.
    const [wide, high] = [0, 1].map((axis) => {
      const along = ring.map((corner) => corner[axis]);
      return Math.max(...along) - Math.min(...along);
    });
    if (ring.length < 3 || wide < 100 || high < 100) ring = [];
    filter();
    if (ring.length > 0) status.textContent = `${list.length} points selected. Press Escape to clear the selection.`;
  });
  canvas.addEventListener('pointercancel', letGo);
  free.addEventListener('click', letGo);
  canvas.addEventListener('pointermove', (event) => {
    const [x, y] = cornerOf(event);
    if (drawing) {
      const [lastX, lastY] = ring.at(-1);
      if (Math.hypot(x - lastX, y - lastY) < 40) return;
      ring.push([x, y]);
      draw();
      return;
    }
    let [nearest, least] = [-1, 250 ** 2];
    for (let line = cellOf(Math.max(0, y - 250)); line <= cellOf(Math.max(0, y + 250)); line++) {
      for (let column = cellOf(Math.max(0, x - 250)); column <= cellOf(Math.max(0, x + 250)); column++) {
        for (const row of buckets[line * cells + column]) {
          const distance = (data.x[row] - x) ** 2 + (data.y[row] - y) ** 2;
          if (shown[row] === 1 && distance < least) [nearest, least] = [row, distance];
        }
      }
    }
    if (nearest >= 0 && nearest !== current) say(nearest);
  });
  canvas.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && ring.length > 0) letGo();
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step === undefined || list.length === 0) return;
    event.preventDefault();
    const at = list.indexOf(current);
    say(list[at < 0 ? 0 : (at + step + list.length) % list.length]);
  });
  for (const control of [genre, subclip, colour]) control.addEventListener('change', filter);
  colour.addEventListener('change', explain);
  search.addEventListener('input', filter);
  root.querySelector('form').addEventListener('submit', (event) => event.preventDefault());
  new ResizeObserver(paint).observe(canvas);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', paint);
  explain();
  filter();
  root.dataset.ready = 'true';
}
