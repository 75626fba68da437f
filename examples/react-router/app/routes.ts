import { index, route, type RouteConfig } from "@react-router/dev/routes";

export default [
  index("routes/list.tsx"),
  route("news/:id", "routes/story.tsx"),
  route("account", "routes/account.tsx"),
] satisfies RouteConfig;
