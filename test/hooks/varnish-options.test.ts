// Tests which options of the dialect of Varnish are invalid.
import { describe, expect, it } from "vitest";
import { hmacSender, varnishDialect } from "../../src/senders.ts";
import { defineConfig } from "../../src/tidemark.ts";

describe("the options of varnishDialect", () => {
  it.each<[id: string, options: object, why: string]>([
    ["neither an address nor a token", {}, "anybody could purge"],
    ["an empty list", { addresses: [] }, "not a list of addresses"],
    ["a text", { addresses: "203.0.113.7" }, "not a list of addresses"],
    ["a host name", { addresses: ["shop.example"] }, '"shop.example" is not a network'],
    ["host bits", { addresses: ["10.0.0.1/8"] }, '"10.0.0.1/8" is not a network'],
    ["every address", { addresses: ["203.0.113.7", "0.0.0.0/0"] }, "every address"],
    ["every address of version 6", { addresses: ["::/0"] }, "every address"],
    ["a number", { addresses: [7] }, "7 is not a network"],
    ["an invalid name", { tokenHeader: "x token" }, "tokenHeader is not"],
    ["an empty name", { tokenHeader: "" }, "tokenHeader is not"],
    ["a token", { tokenHeader: "x-token", token: "abc" }, '"token" is not an option'],
  ])("are invalid with %s", (_, options, why) => {
    expect(() => varnishDialect(options)).toThrow(why);
  });
});

describe("the option varnish", () => {
  const sender = hmacSender({
    header: "x-signature",
    algorithm: "sha256",
    encoding: "hex",
    mapping: () => undefined,
  });
  const varnish = varnishDialect({ addresses: ["203.0.113.7"] });

  it.each([true, {}, sender, { addresses: ["203.0.113.7"] }])("is refused: %j", (value) => {
    expect(() => defineConfig({ varnish: value as never })).toThrow(
      "varnish: is not a dialect: write varnishDialect({ … })",
    );
  });

  it("takes the name of its secret from no hook", () => {
    expect(() => defineConfig({ varnish, hooks: { varnish: sender } })).toThrow(
      "hooks.varnish: is the name of the dialect",
    );
    expect(defineConfig({ hooks: { varnish: sender } }).hooks.size).toBe(1);
  });

  it("adds the fields of the clients to tagFields, each once", () => {
    const { tagFields } = defineConfig({ varnish, tagFields: ["x-tags", "X-Cache-Tags"] });
    expect(tagFields.filter((name) => name === "x-cache-tags")).toHaveLength(1);
    expect(tagFields).toEqual(expect.arrayContaining(["x-tags", "x-magento-tags", "xkey"]));
  });
});
