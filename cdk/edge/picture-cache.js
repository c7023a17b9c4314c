/**
 * CloudFront Function (runtime 2.0), and the same code in the local front door: lets a browser keep a picture for an hour. CloudFront calls
 * it only for answers below 400, so a browser keeps no error.
 */
function handler(event) {
  const response = event.response;
  response.headers['cache-control'] = { value: 'private, max-age=3600' };
  return response;
}
