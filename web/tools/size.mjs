// Prints the gzip size of the first load (page, entry, the Photos view and their styles; fonts apart), and fails above the bar.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const bar = 60_000;
const dist = new URL('../dist/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'));
const weigh = (file) => gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length;

/** The files that an entry of the manifest needs at once. */
function files(key, seen = new Set()) {
  const chunk = manifest[key];
  if (!chunk || seen.has(chunk.file)) return seen;
  seen.add(chunk.file);
  for (const css of chunk.css ?? []) seen.add(css);
  for (const next of chunk.imports ?? []) files(next, seen);
  return seen;
}

const first = files('src/views/Photos.svelte', files('index.html')).add('index.html');
let total = 0;
for (const file of [...first].sort()) {
  const size = weigh(file);
  total += size;
  console.log(`${String(size).padStart(8)}  ${file}`);
}
console.log(`${String(total).padStart(8)}  first load, gzip, fonts apart (bar: ${bar})`);

console.log('\nviews, loaded when they are opened:');
for (const [key, chunk] of Object.entries(manifest)) {
  if (!key.startsWith('src/views/') || key.endsWith('Photos.svelte')) continue;
  const own = [...files(key)].filter((file) => !first.has(file));
  const size = own.reduce((sum, file) => sum + weigh(file), 0);
  console.log(`${String(size).padStart(8)}  ${chunk.name ?? key}`);
}

if (total > bar) {
  console.error(`The first load is ${total - bar} bytes above the bar. Load a part later by import(), or drop a dependency.`);
  process.exit(1);
}
