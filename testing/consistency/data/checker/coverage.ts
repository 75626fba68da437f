// Decides which keys a purge of data covers. Derived from the documentation, independently of the
// product.
import type { DataKey, DataOrder } from "./operations.ts";

export function covers({ keys = [], tags = [], prefixes = [] }: DataOrder, key: DataKey): boolean {
  const { path } = key;
  return (
    keys.includes(path) ||
    tags.some((tag) => key.tags.includes(tag)) ||
    prefixes.some((prefix) => path === prefix || path.startsWith(`${prefix}/`))
  );
}
