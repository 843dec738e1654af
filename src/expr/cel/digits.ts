/**
 * Doubles as decimal text, rounded from their exact value: a tie goes to the even digit.
 */

const MANTISSA_BITS = 52n;
const BIAS = 1075;

/** A finite positive double as `mantissa * 2^exponent`. */
function partsOf(value: number): { readonly mantissa: bigint; readonly exponent: number } {
  const bits = new BigUint64Array(new Float64Array([value]).buffer)[0] ?? 0n;
  const field = Number((bits >> MANTISSA_BITS) & 0x7ffn);
  const fraction = bits & ((1n << MANTISSA_BITS) - 1n);
  return field === 0
    ? { mantissa: fraction, exponent: 1 - BIAS }
    : { mantissa: fraction | (1n << MANTISSA_BITS), exponent: field - BIAS };
}

/** `value * 10^places` as the nearest whole number. */
function scaled(value: number, places: number): bigint {
  const { mantissa, exponent } = partsOf(value);
  let above = mantissa;
  let below = 1n;
  if (places >= 0) above *= 10n ** BigInt(places);
  else below *= 10n ** BigInt(-places);
  if (exponent >= 0) above <<= BigInt(exponent);
  else below <<= BigInt(-exponent);
  const quotient = above / below;
  const twice = 2n * (above % below);
  const up = twice > below || (twice === below && quotient % 2n === 1n);
  return up ? quotient + 1n : quotient;
}

const signOf = (value: number): string => (value < 0 || Object.is(value, -0) ? '-' : '');

/** With `places` digits behind the point. */
export function fixed(value: number, places: number): string {
  const digits = String(scaled(Math.abs(value), places)).padStart(places + 1, '0');
  const whole = digits.slice(0, digits.length - places);
  const fraction = places === 0 ? '' : `.${digits.slice(-places)}`;
  return `${signOf(value)}${whole}${fraction}`;
}

/** One digit, `places` behind the point, and an exponent of at least two digits. */
export function exponential(value: number, places: number): string {
  const size = Math.abs(value);
  let exponent = size === 0 ? 0 : Number(size.toExponential().split('e')[1]);
  let digits = String(scaled(size, places - exponent)).padEnd(places + 1, '0');
  if (digits.length > places + 1) {
    exponent += 1;
    digits = digits.slice(0, places + 1);
  }
  const fraction = places === 0 ? '' : `.${digits.slice(1)}`;
  const power = String(Math.abs(exponent)).padStart(2, '0');
  return `${signOf(value)}${digits[0]}${fraction}e${exponent < 0 ? '-' : '+'}${power}`;
}

/** The shortest digits that mean the double, without an exponent. */
export function plainDigits(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const [mantissa = '', power] = String(Math.abs(value)).split('e');
  if (power === undefined) return signOf(value) + mantissa;
  const [whole = '', fraction = ''] = mantissa.split('.');
  const digits = whole + fraction;
  const point = whole.length + Number(power);
  if (point <= 0) return `${signOf(value)}0.${'0'.repeat(-point)}${digits}`;
  return signOf(value) + digits.padEnd(point, '0');
}
