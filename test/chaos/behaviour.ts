// The behaviours of a proxy, and its meaningless responses, which are the same for the same draws.
export type Behaviour =
  | { kind: "open" }
  /** Delays bytes in each direction. */
  | { kind: "slow"; eachWayMs: number }
  /** Accepts connections, and drops all bytes for good. */
  | { kind: "black-hole" }
  /** Ends every connection with RST, including open ones. */
  | { kind: "resets" }
  /** Does not listen, like a server whose process has ended. */
  | { kind: "refuses" }
  /** Responds with random bytes. */
  | { kind: "garbage"; seed: number }
  /** Responds with well-formed HTTP whose body does not match the request. */
  | { kind: "rubbish"; seed: number }
  /** Ends the connection after `afterBytes` bytes of the response. */
  | { kind: "cuts"; afterBytes: number };

/** @returns 16 to 2,048 bytes */
export function randomBytes(draw: () => number): Buffer {
  const length = 16 + Math.floor(draw() * 2_033);
  return Buffer.from(Array.from({ length }, () => Math.floor(draw() * 256)));
}

/** Bodies that are JSON but answer no command, and bodies that are not JSON. */
export const rubbishBodies: readonly string[] = [
  "",
  "null",
  "[]",
  "{}",
  '"OK"',
  '{"result":',
  "<html><h1>502 Bad Gateway</h1></html>",
  '{"result":{"m":{"v":2},"b":[1,2,3]}}',
  '{"result":["{\\"v\\":2,\\"record\\":{}}","AAAA"]}',
  '[{"result":{}},{"result":[["0-1",["v"]]]},{"error":7}]',
  '{"result":[["not-a-position",["v","1","n",null]],[],[null]]}',
  '{"result":-1e309}',
];

/** @returns a whole HTTP response that closes its connection */
export function rubbishAnswer(draw: () => number): Buffer {
  const body = rubbishBodies[Math.floor(draw() * rubbishBodies.length)] ?? "";
  return Buffer.from(
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n" +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
