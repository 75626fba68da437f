// Prints the size in bytes of each part of the built Worker. `--write` updates the table in
// docs/size-and-memory.md.
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import {
  type BundleContents,
  bundleBytesMax,
  bundleContents,
  bundledPackages,
  bundleGzipBytesMax,
  packageOf,
} from "../local/bundle-contents.ts";
import { counted, markdownTable } from "./load/figures.ts";
import { replaceMarkedPart } from "./load/marked-part.ts";

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { write: { type: "boolean", default: false } } });
  const text = report(await bundleContents());
  process.stdout.write(text);
  const path = fileURLToPath(new URL("../docs/size-and-memory.md", import.meta.url));
  if (values.write) await replaceMarkedPart(path, "bundle", text);
}

function report({ bytes, gzipBytes, files }: BundleContents): string {
  const bytesByPart = new Map<string, number>();
  for (const file of files) {
    const part = packageOf(file.path) ?? "Tidemark's own code";
    bytesByPart.set(part, (bytesByPart.get(part) ?? 0) + file.bytes);
  }
  const purposes: Readonly<Record<string, string>> = bundledPackages;
  const largestFirst = [...bytesByPart].toSorted(([, a], [, b]) => b - a);
  const rows = largestFirst.map(([part, partBytes]) => [
    purposes[part] === undefined ? part : `\`${part}\``,
    counted(partBytes),
  ]);
  return (
    `The Worker has ${counted(bytes)} bytes, and ${counted(gzipBytes)} when compressed. ` +
    `A test fails above ${counted(bundleBytesMax)} bytes, or above ${counted(bundleGzipBytesMax)} compressed bytes.\n\n` +
    markdownTable(["part", "bytes"], rows)
  );
}

await main();
