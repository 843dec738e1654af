/**
 * Colours of a terminal as functions over text. Without colour every function gives its text back,
 * so no caller asks. Colour only repeats what words and marks already say.
 */

const SGR = {
  bold: '1',
  dim: '2',
  red: '31',
  green: '32',
  yellow: '33',
  blue: '34',
  magenta: '35',
  cyan: '36',
} as const;

export type StyleName = keyof typeof SGR;
export type Style = { readonly [K in StyleName]: (text: string) => string } & {
  readonly enabled: boolean;
  /** Marks beyond ASCII may be printed. */
  readonly unicode: boolean;
};

const plain = (text: string): string => text;

/** The styles of one output stream. */
export function createStyle(options: { enabled: boolean; unicode: boolean }): Style {
  const paint = (name: StyleName) =>
    options.enabled ? (text: string) => `\u001b[${SGR[name]}m${text}\u001b[0m` : plain;
  return {
    enabled: options.enabled,
    unicode: options.unicode,
    bold: paint('bold'),
    dim: paint('dim'),
    red: paint('red'),
    green: paint('green'),
    yellow: paint('yellow'),
    blue: paint('blue'),
    magenta: paint('magenta'),
    cyan: paint('cyan'),
  };
}

/** No colour, no marks beyond ASCII. */
export const PLAIN_STYLE: Style = createStyle({ enabled: false, unicode: false });
