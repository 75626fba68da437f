// What a broken server might answer: the same draws, the same rubbish.

/** Between 16 and 2,048 of them. */
export function randomBytes(draw: () => number): Buffer {
  const length = 16 + Math.floor(draw() * 2_033);
  return Buffer.from(Array.from({ length }, () => Math.floor(draw() * 256)));
}

/** Of JSON, of no JSON, and of JSON that no command is answered with. */
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

/** A whole HTTP answer, behind which the connection ends. */
export function rubbishAnswer(draw: () => number): Buffer {
  const at = Math.floor(draw() * rubbishBodies.length);
  const body = rubbishBodies[at] ?? "";
  return Buffer.from(
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n" +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
