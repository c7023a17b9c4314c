/** Makes a JPEG of a format that the browser can decode and the API does not accept, such as HEIC on Apple's devices. */

const QUALITY = 0.92;

/** The JPEG, or `null` if this browser cannot decode the file. The picture is upright; other metadata is lost. */
export async function toJpeg(file: Blob, name: string): Promise<File | null> {
  let picture: ImageBitmap;
  try {
    picture = await createImageBitmap(file, { imageOrientation: 'from-image' });
  } catch {
    return null;
  }
  try {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [picture.width, picture.height];
    const context = canvas.getContext('2d');
    if (!context) return null;
    context.fillStyle = '#fff';
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(picture, 0, 0);
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', QUALITY));
    return blob && new File([blob], jpegName(name), { type: 'image/jpeg' });
  } finally {
    picture.close();
  }
}

/** `IMG_1.HEIC` becomes `IMG_1.jpg`. */
export function jpegName(name: string): string {
  return `${name.replace(/\.[^./\\]{1,5}$/, '')}.jpg`;
}
