// Digests of Node and of the library, which a Worker uses at first, must agree: both name targets in one book.
import * as fastSha256 from "fast-sha256";
import { expect, it } from "vitest";
import { base64url, sha256Short } from "../../src/base/sha256.ts";

it("a short digest is that of the library", () => {
  const texts = Array.from({ length: 500 }, (_, nth) => `größe ${nth}`);
  const digests = texts.map((text) => fastSha256.hash(new TextEncoder().encode(text)));
  expect(texts.map(sha256Short)).toEqual(digests.map((digest) => base64url(digest.subarray(0, 8))));
});
