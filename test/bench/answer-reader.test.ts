// Tests that the load generator finds the end of each response, however the bytes are split.
import { describe, expect, it } from "vitest";
import { AnswerReader, type Head } from "../../bench/load/answer-reader.ts";

const rows = [
  { id: "length", status: 200, answer: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello" },
  { id: "empty", status: 200, answer: "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n" },
  {
    id: "304-with-a-content-length",
    status: 304,
    answer: "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
  },
  {
    id: "chunked",
    status: 200,
    answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
  },
  {
    id: "chunked-and-empty",
    status: 404,
    answer: "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  },
];

/** @returns the position at which each response ended, and the heads */
function readCut(answers: string, chunkBytes: number): { ends: number[]; heads: Head[] } {
  const heads: Head[] = [];
  const reader = new AnswerReader((head) => heads.push(head));
  const bytes = Buffer.from(answers, "latin1");
  const ends: number[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    const chunk = bytes.subarray(at, at + chunkBytes);
    if (reader.take(chunk)) ends.push(at + chunk.length);
  }
  return { ends, heads };
}

describe.each(rows)("a response in the load generator: $id", ({ answer, status }) => {
  it("ends with its last byte, however it is split", () => {
    for (let chunkBytes = 1; chunkBytes <= answer.length; chunkBytes += 1) {
      const { ends, heads } = readCut(answer, chunkBytes);
      expect(ends).toEqual([answer.length]);
      expect(heads).toEqual([{ status, text: answer.slice(0, answer.indexOf("\r\n\r\n") + 2) }]);
    }
  });

  it("does not affect the next response", () => {
    const { ends, heads } = readCut(`${answer}${answer}`, 1);
    expect(ends).toEqual([answer.length, 2 * answer.length]);
    expect(heads.map((head) => head.status)).toEqual([status, status]);
  });
});

it("`AnswerReader` throws if more bytes follow a response", () => {
  const reader = new AnswerReader(() => undefined);
  const answer = Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab");
  expect(() => reader.take(answer)).toThrow("longer than its Content-Length");
});
