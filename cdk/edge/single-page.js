/**
 * CloudFront Function (runtime 2.0), and the same code in the local front door: the page has one HTML file, and every address without a
 * file name is one of its views.
 */
function handler(event) {
  const request = event.request;
  const name = request.uri.slice(request.uri.lastIndexOf('/') + 1);
  if (name.indexOf('.') < 0) request.uri = '/index.html';
  return request;
}
