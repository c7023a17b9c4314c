/**
 * CloudFront Function (runtime 2.0), and the same code in the local front door: lets a request for `/media/{key}?e={seconds}&s={signature}`
 * through to the object `key` if the API has signed the link and it has not expired. `s` is HMAC-SHA-256 of "{key}\n{e}" in lower-case hex.
 *
 * Deployment replaces the placeholder by the secret that the API signs with.
 */
const crypto = require('crypto');

const SECRET = '<MEDIA_SECRET>';

/** Only pictures that the pipeline made: never originals, answers or files of operations. */
const PICTURE = /^processed\/[A-Za-z0-9_-]+\/[a-z0-9-]+\.jpg$/;

/** All characters are compared, so that the time does not tell how many are right. */
function isEqual(one, other) {
  if (one.length !== other.length) return false;
  let difference = 0;
  for (let index = 0; index < one.length; index += 1) difference |= one.charCodeAt(index) ^ other.charCodeAt(index);
  return difference === 0;
}

function textOf(parameter) {
  return parameter && !parameter.multiValue ? parameter.value : '';
}

function refuse(reason) {
  return {
    statusCode: 403,
    statusDescription: 'Forbidden',
    headers: { 'cache-control': { value: 'no-store' }, 'content-type': { value: 'text/plain; charset=utf-8' } },
    body: { encoding: 'text', data: reason },
  };
}

/** CloudFront calls it. */
function handler(event) {
  const request = event.request;
  const key = request.uri.slice('/media/'.length);
  const expires = textOf(request.querystring.e);
  const signature = textOf(request.querystring.s);
  if (!PICTURE.test(key) || !/^[0-9]{1,12}$/.test(expires)) return refuse('This is not a link to a picture.');
  const expected = crypto.createHmac('sha256', SECRET).update(key + '\n' + expires).digest('hex');
  if (!isEqual(signature, expected)) return refuse('The signature of this link is not valid.');
  if (Number(expires) < Date.now() / 1000) return refuse('This link has expired. Load the page again.');
  request.uri = '/' + key;
  request.querystring = {};
  return request;
}
