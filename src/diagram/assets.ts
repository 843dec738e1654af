/**
 * Where the wasm of the PNG renderer and its fonts are, as file paths; nothing is read here.
 *
 * From source these are files of `node_modules`; in the compiled executable they are embedded, and the
 * same paths work with `Bun.file`.
 */

import resvgWasm from '@resvg/resvg-wasm/index_bg.wasm' with { type: 'file' };
import regularFont from 'dejavu-fonts-ttf/ttf/DejaVuSans.ttf' with { type: 'file' };
import boldFont from 'dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf' with { type: 'file' };

export const RESVG_WASM_FILE: string = resvgWasm;
export const FONT_FILES: readonly string[] = [regularFont, boldFont];
