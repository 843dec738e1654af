/** The order of texts. */

/** -1, 0 or 1 by code points, where JavaScript's `<` goes by halves of surrogate pairs. */
export function compareText(left: string, right: string): number {
  const shorter = Math.min(left.length, right.length);
  for (let i = 0; i < shorter; i += 1) {
    const a = left.charCodeAt(i);
    const b = right.charCodeAt(i);
    if (a !== b) return (a < SURROGATE || b < SURROGATE ? a < b : rankOf(a) < rankOf(b)) ? -1 : 1;
  }
  return left.length === right.length ? 0 : left.length < right.length ? -1 : 1;
}

const SURROGATE = 0xd800;

/** Halves of surrogate pairs stand for code points above all other units. */
function rankOf(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
