/** Colours as one number, in the order in which the pixels of an image hold red, green and blue. Pure functions. */

/** '#rrggbb' as such a number. */
export function packed(colour) {
  const value = Number.parseInt(colour.trim().slice(1), 16);
  return pack((value >> 16) & 255, (value >> 8) & 255, value & 255);
}

/** Pixels are bytes red, green, blue, opacity: as numbers, the other way round on all machines that browsers run on. */
export const pack = (red, green, blue) => (blue << 16) | (green << 8) | red;
export const channels = (colour) => [colour & 255, (colour >> 8) & 255, (colour >> 16) & 255];
export const cssColour = (colour) => `rgb(${channels(colour).join()})`;

/** Some of `above` (0 to 1) over what is below. */
export function mixed(below, above, share) {
  const red = (below & 255) + ((above & 255) - (below & 255)) * share;
  const green = ((below >> 8) & 255) + (((above >> 8) & 255) - ((below >> 8) & 255)) * share;
  const blue = ((below >> 16) & 255) + (((above >> 16) & 255) - ((below >> 16) & 255)) * share;
  return pack(red + 0.5, green + 0.5, blue + 0.5);
}
