// The load generator's reading of answers: it says where each ends, however the bytes are cut.
import { describe, expect, it } from "vitest";
import { AnswerReader, type Head } from "../../bench/load/answer-reader.ts";

const rows = [
  { id: "length", status: 200, answer: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello" },
  { id: "empty", status: 200, answer: "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n" },
  {
    id: "length-of-the-body-that-a-304-has-not",
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

/** @returns after which byte each answer ended, and the heads that were read */
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

describe.each(rows)("$id", ({ answer, status }) => {
  it("ends with its last byte, cut anywhere", () => {
    for (let chunkBytes = 1; chunkBytes <= answer.length; chunkBytes += 1) {
      const { ends, heads } = readCut(answer, chunkBytes);
      expect(ends).toEqual([answer.length]);
      expect(heads).toEqual([{ status, text: answer.slice(0, answer.indexOf("\r\n\r\n") + 2) }]);
    }
  });

  it("leaves nothing behind for the next", () => {
    const { ends, heads } = readCut(`${answer}${answer}`, 1);
    expect(ends).toEqual([answer.length, 2 * answer.length]);
    expect(heads.map((head) => head.status)).toEqual([status, status]);
  });
});

it("does not pass over what comes after an answer's end", () => {
  const reader = new AnswerReader(() => undefined);
  const answer = Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab");
  expect(() => reader.take(answer)).toThrow("More came");
});

it("lets its user refuse an answer", () => {
  const reader = new AnswerReader(({ status }) => {
    throw new Error(`refused ${status}`);
  });
  expect(() => reader.take(Buffer.from("HTTP/1.1 500 No\r\n\r\n"))).toThrow("refused 500");
});
