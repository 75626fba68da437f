import { Links, Meta, Outlet, Scripts, ScrollRestoration } from "react-router";
import { withTags } from "./cache.server";

export const middleware = [withTags];

export default function Root() {
  return (
    <html lang="en">
      <head>
        <meta charSet="utf-8" />
        <Meta />
        <Links />
      </head>
      <body>
        <Outlet />
        <ScrollRestoration />
        <Scripts />
      </body>
    </html>
  );
}
