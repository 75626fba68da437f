// What the build puts in the place of functions that Node 20 lacks does what they do.
import { expect, it } from "vitest";
import { parseUrl } from "../../local/package/node-20.ts";

it.each([
  ["https://www.example.com/news?page=2#top", undefined],
  ["/news/42", "https://www.example.com/a/b"],
  ["../c?d", "https://www.example.com/a/b/"],
  ["https://other.example/", "https://www.example.com"],
  ["", "https://www.example.com/a"],
  ["/news/42", undefined],
  ["/news/42", "no address"],
  ["https://", "https://www.example.com"],
])("reads %j from %j as URL.parse does", (text, base) => {
  expect(parseUrl(text, base)?.href).toBe(URL.parse(text, base)?.href);
});
