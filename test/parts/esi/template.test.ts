// Tests which tags of ESI 1.0 are found in a page, and in what time.
import { describe, expect, it } from "vitest";
import { readTemplate } from "../../../src/parts/esi/template.ts";

/** Returns the page with each include as `[sources]`, with `?` if it may fail, and `!` for a malformed page. */
function reading(page: string): string {
  const { pieces, isMalformed } = readTemplate(new TextEncoder().encode(page));
  const texts = pieces.map((piece) =>
    piece instanceof Uint8Array
      ? new TextDecoder().decode(piece)
      : `[${piece.sources.join(" | ")}${piece.mayFail ? "?" : ""}]`,
  );
  return texts.join("") + (isMalformed ? "!" : "");
}

const magento =
  "http://shop.example/page_cache/block/esi/blocks/%5B%22catalog.topnav%22%5D/handles/WyJkZWZhdWx0Il0%3D/";

describe("the tags of a page", () => {
  it.each([
    ["no tag", "<p>é</p>", "<p>é</p>"],
    ["an include", 'a<esi:include src="/f"/>b', "a[/f]b"],
    [
      "an include of Magento",
      `<nav><esi:include src="${magento}" /></nav>`,
      `<nav>[${magento}]</nav>`,
    ],
    [
      "an include of Symfony",
      '<esi:include src="/_fragment?a=1&amp;b=2" onerror="continue" alt="/g" />',
      "[/_fragment?a=1&b=2 | /g?]",
    ],
    ["an include with an end tag", '<esi:include src="/f"></esi:include>b', "[/f]b"],
    ["an include without an end", '<esi:include src="/f">b', "[/f]b"],
    [
      "attributes in any order, quotes and lines",
      "<esi:include\n alt='/g'\n src = '/f'\n>",
      "[/f | /g]",
    ],
    ["unknown attributes", '<esi:include src="/f" maxwait="500" xmlns:esi="x"/>', "[/f]"],
    ["another value of onerror", '<esi:include src="/f" onerror="fail"/>', "[/f]"],
    [
      "quotes in quotes, and entities",
      `<esi:include src="/f'&quot;&#38;&#x26;&apos;"/>`,
      `[/f'"&&']`,
    ],
    ["a reference in UTF-8", '<esi:include src="/é"/>', "[/é]"],
    ["bytes that are not ASCII before a tag", 'é€<esi:include src="/f"/>€', "é€[/f]€"],
    ["a removed part", "a<esi:remove> <b>\n</b> </esi:remove>b<esi:remove>c</esi:remove>", "ab"],
    ["a removed part with white space in its tags", "a<esi:remove >b</esi:remove\n>c", "ac"],
    ["a removed part with attributes", 'a<esi:remove\txmlns:esi="x">b</esi:remove>c', "ac"],
    [
      "an empty removed part",
      "a<esi:remove/>b<esi:remove / >c<esi:remove > </esi:remove >d",
      "abcd",
    ],
    [
      "white space in other tags",
      `<esi:include${" ".repeat(1_000)}\nsrc\n=\t" /f\n" onerror=" continue"\r\n/\n>b<esi:comment\n/ >c`,
      "[/f?]bc",
    ],
    ["white space in end tags", '<esi:include src="/f" >\n\n</esi:include\t>b', "[/f]b"],
    ["white space for src", '<esi:include src=" "/>', '<esi:include src=" "/>!'],
    ["an include in a removed part", '<esi:remove><esi:include src="/f"/></esi:remove>', ""],
    ["a comment", 'a<esi:comment text="some comment &gt;" />b', "ab"],
    ["an ESI comment", '<!--esi <p><esi:include src="/f"/></p> -->b', " <p>[/f]</p> b"],
    ["an ESI comment in an ESI comment", "<!--esi a <!--esi b --> c -->", " a <!--esi b  c -->"],
    ["another comment", "<!-- a --><!--esi b --><!-- c -->", "<!-- a --> b <!-- c -->"],
    [
      "a tag in a comment and a script",
      '<!-- <esi:include src="/f"/> --><script>"<esi:include src=\'/g\'/>"</script>',
      '<!-- [/f] --><script>"[/g]"</script>',
    ],
    ["an include without src", "a<esi:include />b", "a<esi:include />b!"],
    ["an include with an empty src", '<esi:include src=""/>', '<esi:include src=""/>!'],
    ["an include without quotes", "<esi:include src=/f />", "<esi:include src=/f />!"],
    ["an include that does not end", '<esi:include src="/f', '<esi:include src="/f!'],
    [
      "a broken include before another",
      '<esi:include src="/f <esi:include src="/g"/>',
      '<esi:include src="/f [/g]!',
    ],
    ["an unknown tag", "<esi:vars>$(HTTP_HOST)</esi:vars>", "<esi:vars>$(HTTP_HOST)</esi:vars>!"],
    ["a removed part that does not end", "a<esi:remove>b", "a<esi:remove>b!"],
    ["an ESI comment that does not end", "a<!--esi b", "a<!--esi b!"],
    ["a stray end", "a</esi:include>b", "a</esi:include>b!"],
    ["capitals, which XML distinguishes", '<ESI:include src="/f"/>', '<ESI:include src="/f"/>'],
    ["a name that only begins like a tag", '<esi:includes src="/f"/>', '<esi:includes src="/f"/>!'],
    [
      "a value of more than 4,096 characters",
      `<esi:include src="/${"f".repeat(4_096)}"/>`,
      `<esi:include src="/${"f".repeat(4_096)}"/>!`,
    ],
  ])("are found: %s", (_, page, read) => {
    expect(reading(page)).toBe(read);
  });

  const bytes = 1_048_576;

  it.each([
    ["<", "includes", '<esi:include src="/f"/>'],
    ["<", "includes that do not end", '<esi:include src="'],
    ["<", "removed parts that do not end", "<esi:remove>"],
    ["<", "ESI comments that do not end", "<!--esi "],
    ["-->", "ESI comments in one", "<!--esi "],
    ["<", "ends of comments", "-->"],
    ["<", "spaces in a tag", "<esi:include".padEnd(10_000)],
    ["<", "spaces in a removed part", "<esi:remove>".padEnd(10_000)],
    ["<", "spaces in the end of a removed part", "<esi:remove></esi:remove".padEnd(10_000)],
    ["<", "a tag of spaces alone", "<esi:include".padEnd(1_048_576)],
    ["<", "attributes in a tag", `<esi:include${' a="b"'.repeat(2_000)}`],
    ["<", "spaces before an end tag", `<esi:include src="/f">${" ".repeat(1_000)}`],
  ])("are read in linear time: %s %s", (end, _, tag) => {
    const page = new TextEncoder().encode(tag.repeat(Math.ceil(bytes / tag.length)) + end);
    const [small, large] = [page.subarray(0, bytes / 8), page].map((part) => {
      const before = process.threadCpuUsage();
      readTemplate(part);
      const { user, system } = process.threadCpuUsage(before);
      return (user + system) / 1_000;
    }) as [number, number];
    // A quadratic time would be 64 times as long, and minutes for the whole page.
    expect(large).toBeLessThan(32 * small + 5_000);
  });
});

it("a page has at most 1,001 includes, and the rest of the page stays as it is", () => {
  const include = '<esi:include src="/f"/>';
  expect(reading(include.repeat(1_001))).toBe("[/f]".repeat(1_001));
  expect(reading(include.repeat(1_003))).toBe(`${"[/f]".repeat(1_001)}${include}${include}!`);
});
