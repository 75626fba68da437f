// Tests that purges of Varnish's dialect cover names beyond ASCII, as Workers and Node read them.
import { expect, it } from "vitest";
import { hitsOf, openVarnishSite, sendAsVarnishClient } from "./varnish-site.ts";

type Fields = Readonly<Record<string, string>>;

/** Returns a text as Node reads its UTF-8 in a field. */
const asLatin1 = (text: string) => Buffer.from(text).toString("latin1");

const tagged = `/a?xkey=${encodeURIComponent(asLatin1("là"))}`;

it.each<[method: string, page: string, fields: Fields]>([
  ["BAN", tagged, { "x-cache-tags": asLatin1("(^|,)(là)(,|$)") }],
  ["PURGE", tagged, { "xkey-purge": asLatin1("là") }],
  ["BAN", tagged, { "x-cache-tags": "(^|,)(là)(,|$)" }],
  ["PURGE", "/l%C3%A0/a", { "x-url": asLatin1("^/là/.*") }],
  ["BAN", "/l%C3%A0/a", { "x-url": "^/là/a$" }],
  ["BAN", "https://xn--bcher-kva.example/", { "x-host": asLatin1("^bücher.example$") }],
])("a %s purges %s, whose name is beyond ASCII: %j", async (method, page, fields) => {
  const { site } = openVarnishSite();
  await hitsOf(site, [page]);
  site.clock.advance(0.001);
  await sendAsVarnishClient(site, method, "/", fields);
  expect(await hitsOf(site, [page])).toEqual([]);
});
