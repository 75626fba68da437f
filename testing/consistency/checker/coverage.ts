// Decides which pages a purge covers. Derived from the documentation, independently of the product.
import type { Order, Page } from "./operations.ts";

export function covers(order: Order, page: Page): boolean {
  if (order.everything === true) return true;
  const { tags = [], urls = [], prefixes = [] } = order;
  return (
    tags.some((tag) => page.tags.includes(tag)) ||
    urls.includes(page.url) ||
    prefixes.some((prefix) => page.path.startsWith(prefix) || page.url.startsWith(prefix))
  );
}
