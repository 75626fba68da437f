// Tests which options of the dialect of Varnish are invalid.
import { describe, expect, it } from "vitest";
import { hmacSender, hooks, varnish } from "../../../src/parts/hooks/hooks.ts";
import { refusalOf } from "../../config/refusal-of.ts";
import { defineConfig } from "../../../src/tidemark.ts";

describe("the options of varnish()", () => {
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
    expect(() => varnish(options)).toThrow(why);
  });
});

it.each(["hooks", "varnish"])("the old option %s names the part", (name) => {
  expect(refusalOf({ [name]: {} })).toBe(
    `at the top: "${name}" is not a field of the configuration; use ${name}({ … }) of tidemark/hooks in parts`,
  );
});

it("no hook takes the name of varnish()", () => {
  const sender = hmacSender({
    header: "x-signature",
    algorithm: "sha256",
    encoding: "hex",
    mapping: () => undefined,
  });
  expect(() => hooks({ varnish: sender })).toThrow("The name varnish belongs to varnish()");
});

it("varnish() adds the fields of its clients to tagFields, each once", () => {
  const parts = [varnish({ addresses: ["203.0.113.7"] })];
  const { tagFields } = defineConfig({ parts, tagFields: ["x-tags", "X-Cache-Tags"] });
  expect(tagFields.filter((name) => name === "x-cache-tags")).toHaveLength(1);
  expect(tagFields).toEqual(expect.arrayContaining(["x-tags", "x-magento-tags", "xkey"]));
});
