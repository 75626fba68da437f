// Tests the bundle of the Worker: it contains no code that requests do not need.
import { build } from "esbuild";
import { expect, it } from "vitest";
import {
  bundleContents,
  bundledPackages,
  dataInMemory,
  overObjects,
  packageOf,
} from "../../local/bundle-contents.ts";

/** If a source imports a module of Node, this line throws with the name of the source. */
const contents = await bundleContents();

it("the bundle contains exactly the listed packages", () => {
  const packages = new Set(contents.files.map(({ path }) => packageOf(path)));
  packages.delete(undefined);
  expect(packages).toEqual(new Set<string | undefined>(Object.keys(bundledPackages)));
});

it("the bundle contains only own files from src/, the entry point and the configuration", () => {
  const own = contents.files.filter(({ path }) => packageOf(path) === undefined);
  expect(own.length).toBeGreaterThan(50);
  const foreign = own.filter(
    ({ path }) => !/^(?:src\/|worker\.ts$|tidemark\.config\.ts$)/.test(path),
  );
  expect(foreign).toEqual([]);
});

it("the bundle does not contain the purger, which origins import", () => {
  expect(contents.files.filter(({ path }) => path.startsWith("src/purger/"))).toEqual([]);
});

it("the bundle does not contain the data cache, which this site does not use", () => {
  expect(contents.files.filter(({ path }) => path.startsWith("src/data/"))).toEqual([]);
});

const objects = await bundleContents(overObjects);

it("the bundle of a Worker without parts contains nothing of a part", () => {
  const ofParts = ({ path }: { readonly path: string }) =>
    /^src\/parts\/|^src\/observe\/reports\/scrape|hono\/dist\/jsx/.test(path);
  expect(objects.files.filter(ofParts)).toEqual([]);
  expect(contents.files.some(ofParts)).toBe(true);
});

it("the bundle of a Worker that does not import Redis contains nothing of it", () => {
  const part = /@upstash\/redis|^src\/stores\/redis\/|redis-client/;
  const found = ({ path }: { readonly path: string }) => part.test(path);
  expect(objects.files.filter(found)).toEqual([]);
  expect(contents.files.some(found)).toBe(true);
});

it("a process on Node loads @upstash/redis only for a REST address", async () => {
  const { metafile } = await build({
    entryPoints: ["src/node-cache.ts"],
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    outdir: "out",
    write: false,
    metafile: true,
  });
  const outputs = Object.entries(metafile.outputs);
  const [entry = ""] =
    outputs.find(([, { entryPoint }]) => entryPoint === "src/node-cache.ts") ?? [];
  const loaded = new Set([entry]);
  for (const path of loaded) {
    const { imports = [] } = metafile.outputs[path] ?? {};
    for (const { kind, path: next } of imports) if (kind === "import-statement") loaded.add(next);
  }
  const withClient = outputs.filter(([, { inputs }]) =>
    Object.keys(inputs).some((path) => packageOf(path) === "@upstash/redis"),
  );
  expect(withClient.length).toBeGreaterThan(0);
  expect(withClient.filter(([path]) => loaded.has(path))).toEqual([]);
});

it("the bundle of data without stores has no journal, counters or buffers", async () => {
  const { files } = await bundleContents(dataInMemory);
  const idle =
    /^src\/(?:write-behind\/|purge\/acceptance\/acceptance|stores\/redis\/|pages\/|admin\/)|@upstash\/redis/;
  expect(files.filter(({ path }) => idle.test(path))).toEqual([]);
});
