/**
 * Whether two files hold the same bytes, read side by side in pieces.
 */
import { type FileHandle, open } from 'node:fs/promises';

const CHUNK_BYTES = 256 * 1024;

/** True when both files have the same content. Throws system errors. */
export async function sameBytes(one: string, other: string): Promise<boolean> {
  const a = await open(one, 'r');
  try {
    const b = await open(other, 'r');
    try {
      return await equal(a, b);
    } finally {
      await b.close();
    }
  } finally {
    await a.close();
  }
}

async function equal(a: FileHandle, b: FileHandle): Promise<boolean> {
  if ((await a.stat()).size !== (await b.stat()).size) return false;
  for (let at = 0; ; at += CHUNK_BYTES) {
    const [left, right] = await Promise.all([piece(a, at), piece(b, at)]);
    if (!left.equals(right)) return false;
    if (left.length === 0) return true;
  }
}

async function piece(file: FileHandle, at: number): Promise<Buffer> {
  const { bytesRead, buffer } = await file.read(
    Buffer.allocUnsafe(CHUNK_BYTES),
    0,
    CHUNK_BYTES,
    at,
  );
  return buffer.subarray(0, bytesRead);
}
