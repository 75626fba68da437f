import { createRootRoute, HeadContent, Outlet, Scripts } from "@tanstack/react-router";

export const Route = createRootRoute({
  notFoundComponent: () => <p>There is no such page.</p>,
  head: () => ({ meta: [{ charSet: "utf-8" }, { title: "Tidings" }] }),
  component: () => (
    <html lang="en">
      <head>
        <HeadContent />
      </head>
      <body>
        <Outlet />
        <Scripts />
      </body>
    </html>
  ),
});
