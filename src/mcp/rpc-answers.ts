/** Answers of the MCP endpoints where there is no session that could answer. */

export const rpcError = (status: number, code: number, message: string): Response =>
  Response.json({ jsonrpc: '2.0', error: { code, message }, id: null }, { status });

export const tooMany = (): Response =>
  rpcError(503, -32000, 'too many clients are connected; close some and try again');
