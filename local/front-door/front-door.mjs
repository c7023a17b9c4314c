// The page on this machine: serves the built page, passes /api on to the HTTP API of the local AWS, and serves signed pictures below /media.
// It stands in for CloudFront, sends the headers of web/headers.json and runs the functions of cdk/edge.
//
// node local/front-door/front-door.mjs FILE, a JSON file that the launcher writes (local/stack/web.py).
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { pipeline } from 'node:stream';
import zlib from 'node:zlib';

const HOST = '127.0.0.1';

const TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

/** Answers larger than this are compressed, as CloudFront does for these types. */
const MIN_COMPRESSED = 1000;
const COMPRESSED = new Set(['.css', '.html', '.js', '.json', '.svg', '.webmanifest']);

/** The headers of web/headers.json with the origins of this stack. */
export function headersOf(text, origins) {
  return Object.fromEntries(
    Object.entries(JSON.parse(text)).map(([name, value]) => [
      name,
      value.replaceAll(/\$\{(\w+)\}/g, (_, origin) => {
        if (!(origin in origins)) throw new Error(`web/headers.json names \${${origin}}, which the front door does not know`);
        return origins[origin];
      }),
    ]),
  );
}

/** The handler of a CloudFront Function, with a value for its placeholder. */
export function edgeFunction(source, placeholders = {}) {
  const code = Object.entries(placeholders).reduce((text, [name, value]) => text.replace(`<${name}>`, value), source);
  const modules = { crypto };
  return new Function('require', `${code}\nreturn handler;`)((name) => modules[name]);
}

/** A request as a CloudFront Function gets it. */
function edgeRequest(method, url) {
  const querystring = {};
  for (const name of new Set(url.searchParams.keys())) {
    const values = url.searchParams.getAll(name);
    querystring[name] = { value: values[0], ...(values.length > 1 && { multiValue: values.map((value) => ({ value })) }) };
  }
  return { request: { method, uri: url.pathname, querystring, headers: {}, cookies: {} } };
}

/** The headers of a CloudFront Function, by name. */
function plain(headers) {
  return Object.fromEntries(Object.entries(headers).map(([name, { value }]) => [name, value]));
}

/** Starts the server; resolves when it listens. */
export function start(config) {
  const aws = new URL(config.aws);
  const agent = new http.Agent({ keepAlive: true });
  const read = (file) => fs.readFileSync(file, 'utf8');
  const headers = headersOf(read(config.headers), config.origins);
  const checkLink = edgeFunction(read(path.join(config.edge, 'media-link.js')), { MEDIA_SECRET: config.mediaSecret });
  const cachePicture = edgeFunction(read(path.join(config.edge, 'picture-cache.js')));
  const singlePage = edgeFunction(read(path.join(config.edge, 'single-page.js')));
  const site = path.resolve(config.site);
  const compressed = new Map();

  /** Answers with what the local AWS answers to a request, as it arrives. */
  function pass(request, response, target, requestHeaders, added) {
    const upstream = http.request({ host: aws.hostname, port: aws.port, method: request.method, path: target, headers: requestHeaders, agent }, (answer) => {
      const kept = Object.entries(answer.headers).filter(([name]) => !/^(access-control-|connection$|keep-alive$|server$|x-amz-(?!request-id))/.test(name));
      response.writeHead(answer.statusCode, { ...Object.fromEntries(kept), ...headers, ...added(answer) });
      pipeline(answer, response, () => {});
    });
    upstream.on('error', (error) => {
      if (response.headersSent) return response.destroy();
      problem(response, 502, 'The local AWS does not answer', `${error.message}. \`make status\` shows what is running.`);
    });
    response.on('close', () => upstream.destroy());
    pipeline(request, upstream, () => {});
  }

  function problem(response, status, title, detail) {
    response.writeHead(status, { ...headers, 'content-type': 'application/problem+json', 'cache-control': 'no-store' });
    response.end(JSON.stringify({ type: 'about:blank', title, status, detail }));
  }

  function api(request, response, url) {
    const kept = { ...request.headers, host: aws.host };
    delete kept.connection;
    delete kept.cookie;
    pass(request, response, `/_aws/execute-api/${config.apiId}/$default${url.pathname}${url.search}`, kept, () => ({}));
  }

  function media(request, response, url) {
    if (request.method !== 'GET' && request.method !== 'HEAD') return text(response, 405, 'Only GET and HEAD are allowed here.');
    const checked = checkLink(edgeRequest(request.method, url));
    if (checked.statusCode) {
      response.writeHead(checked.statusCode, { ...headers, ...plain(checked.headers) });
      return response.end(checked.body.data);
    }
    const kept = Object.fromEntries(['range', 'if-none-match', 'if-modified-since'].filter((name) => request.headers[name]).map((name) => [name, request.headers[name]]));
    return pass(request, response, `/${config.bucket}${checked.uri}`, { ...kept, host: aws.host }, (answer) =>
      answer.statusCode < 400 ? plain(cachePicture({ response: { headers: {} } }).headers) : { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
    );
  }

  function text(response, status, sentence) {
    response.writeHead(status, { ...headers, 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
    response.end(sentence);
  }

  function json(response, value) {
    response.writeHead(200, { ...headers, 'content-type': 'application/json', 'cache-control': 'no-cache' });
    response.end(JSON.stringify(value));
  }

  /** A file of the page; every address without a file name is index.html. */
  function page(request, response, url) {
    if (request.method !== 'GET' && request.method !== 'HEAD') return text(response, 405, 'Only GET and HEAD are allowed here.');
    let uri;
    try {
      uri = decodeURIComponent(singlePage(edgeRequest(request.method, url)).uri);
    } catch {
      return text(response, 400, 'The address is not valid.');
    }
    const file = path.join(site, uri);
    let stat;
    try {
      stat = file.startsWith(`${site}${path.sep}`) && !uri.includes('\0') ? fs.statSync(file) : undefined;
    } catch {
      stat = undefined;
    }
    if (!stat?.isFile()) {
      return uri === '/index.html' ? text(response, 503, 'The page is not built. Run `make up`.') : text(response, 404, 'There is no such file.');
    }
    return send(request, response, file, stat, uri);
  }

  function send(request, response, file, stat, uri) {
    const extension = path.extname(file);
    const etag = `"${stat.size.toString(36)}-${Math.round(stat.mtimeMs).toString(36)}"`;
    const own = {
      ...headers,
      'content-type': TYPES[extension] ?? 'application/octet-stream',
      'cache-control': uri.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
      etag,
      vary: 'accept-encoding',
    };
    if (request.headers['if-none-match'] === etag) {
      response.writeHead(304, own);
      return response.end();
    }
    if (COMPRESSED.has(extension) && stat.size > MIN_COMPRESSED && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) {
      const known = compressed.get(file);
      const body = known?.etag === etag ? known.body : zlib.gzipSync(fs.readFileSync(file));
      compressed.set(file, { etag, body });
      response.writeHead(200, { ...own, 'content-encoding': 'gzip', 'content-length': body.length });
      return response.end(request.method === 'HEAD' ? undefined : body);
    }
    response.writeHead(200, { ...own, 'content-length': stat.size });
    if (request.method === 'HEAD') return response.end();
    return pipeline(fs.createReadStream(file), response, () => {});
  }

  const server = http.createServer((request, response) => {
    let url;
    try {
      url = new URL(request.url, 'http://front-door');
    } catch {
      return text(response, 400, 'The address is not valid.');
    }
    if (url.pathname === '/_front-door/health') return json(response, { status: 'ok' });
    if (url.pathname === '/config.json') return json(response, config.page);
    if (url.pathname.startsWith('/api/')) return api(request, response, url);
    if (url.pathname.startsWith('/media/')) return media(request, response, url);
    return page(request, response, url);
  });
  // Longer than browsers and Vite's proxy keep an idle connection, so that none of them meets a closed one.
  server.keepAliveTimeout = 65_000;
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(config.port, HOST, () => resolve(server));
  });
}

if (process.argv[1] && import.meta.filename === fs.realpathSync(process.argv[1])) {
  const server = await start(JSON.parse(fs.readFileSync(process.argv[2], 'utf8')));
  console.log(`listening on http://${HOST}:${server.address().port}`);
  process.on('SIGTERM', () => process.exit(0));
}
