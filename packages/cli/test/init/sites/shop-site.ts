// A shop as an origin. Many of its pages are personal, and few response fields say so.
import { Hono } from "hono";

const html = (body: string) => `<!doctype html><html><body>${body}</body></html>`;

export function shopSite(): Hono {
  const shop = new Hono();
  let count = 0;
  const next = () => String((count += 1));
  shop.get("/", (c) =>
    c.html(
      html(`<a href="/hello">1</a><a href="/contact">2</a><a href="/language">3</a><a href="/phone">4</a>
        <a href="/cart">5</a><a href="/de/account/orders">6</a><a href="/now">7</a><a href="/session">8</a>
        <a href="/news/1">9</a><a href="/news/2">10</a><a href="/orders-list">11</a>
        <a href="/logout">12</a><a href="/plain">13</a><a href="/greeting">14</a>`),
    ),
  );
  const isAda = (cookie: string | undefined) => cookie?.includes("tidemark_look") === true;
  shop.get("/hello", (c) => c.html(html(isAda(c.req.header("cookie")) ? "Welcome back" : "Hello")));
  shop.get("/greeting", (c) =>
    c.html(html(`${isAda(c.req.header("cookie")) ? "Ada" : "You"}, at 12:00:0${next()}`), 200, {
      "cache-control": "max-age=60",
    }),
  );
  shop.get("/contact", (c) => c.html(html(`<input type="hidden" name="csrf" value="${next()}">`)));
  shop.get("/language", (c) => c.html(html(c.req.header("accept-language") ?? "")));
  shop.get("/phone", (c) =>
    c.html(html(/iPhone/.test(c.req.header("user-agent") ?? "") ? "s" : "l")),
  );
  shop.get("/cart", (c) => c.html(html("Your cart")));
  shop.get("/de/account/orders", (c) => c.redirect("/login"));
  shop.get("/orders-list", (c) => c.redirect("https://shop.test/login?from=orders"));
  shop.get("/now", (c) => c.html(html(`It is 12:00:0${next()}`)));
  shop.get("/session", (c) => {
    const hasOne = c.req.header("cookie")?.includes("once=") === true;
    c.header("set-cookie", "sid=1; HttpOnly");
    if (!hasOne) c.header("set-cookie", "once=1", { append: true });
    return c.html(html("x"));
  });
  shop.get("/news/1", (c) => c.html(html("one"), 200, { "cache-control": "private" }));
  shop.get("/news/2", (c) => c.html(html("two")));
  shop.get("/plain", (c) => c.html(html("plain")));
  shop.get("/logout", () => {
    throw new Error("The logout link must not be requested.");
  });
  return shop;
}
