/**
 * The body of a request, read whole before anybody handles it, within a time: a client that sends byte
 * by byte is cut. (One that trickles its headers is cut by the server underneath, after ten seconds.)
 */
import { refuse } from './guard.ts';

/** The request with its body at hand, or the answer to one that did not arrive or is too large. */
export async function wholeRequest(
  request: Request,
  timeMs: number,
  maxBytes: number,
): Promise<Request | Response> {
  if (request.body === null) return request;
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) return tooLarge(maxBytes);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), timeMs);
  });
  try {
    const body = await Promise.race([request.arrayBuffer(), late]);
    if (body === null) return cut(408, `the request did not arrive within ${timeMs / 1000} s`);
    if (body.byteLength > maxBytes) return tooLarge(maxBytes);
    const { method, headers, signal } = request;
    return new Request(request.url, { method, headers, signal, body });
  } catch {
    // Its sender went away, or sent more than the server takes: nobody may be left to be answered.
    return cut(413, 'the body did not arrive whole, or is larger than limits.request_bytes');
  } finally {
    clearTimeout(timer);
  }
}

const tooLarge = (maxBytes: number): Response =>
  cut(413, `a body has at most ${maxBytes} bytes (limits.request_bytes)`);

const cut = (status: number, message: string): Response =>
  refuse(status, message, { connection: 'close' });
