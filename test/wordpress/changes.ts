// Changes of a WordPress site, as PHP, and the pages that must show them.

interface Change {
  readonly change: string;
  /** Prepares the change. Prints the id of a post and the path of a page. */
  readonly before: string;
  /** Makes the change to the post `$id`. */
  readonly code: string;
  /** Matches the status and the text of the page before the change. */
  readonly old: RegExp;
  readonly now: RegExp;
}

/** Returns PHP that makes a published post, and prints its id and its path. `fields` are PHP. */
export function post(fields = "", path = "wp_make_link_relative(get_permalink($id))"): string {
  return `$id = wp_insert_post(['post_status' => 'publish', 'post_content' => 'a text', ${fields}
    'post_title' => 'Title ' . bin2hex(random_bytes(6))]); echo $id, ' ', ${path};`;
}

/** Prints a post's id beside another path. */
const postBeside = (path: string, fields = "") => post(fields, `'${path}'`);

/** A page with a list of posts and their texts. */
const listingPage = `
$page = wp_insert_post(['post_type' => 'page', 'post_status' => 'publish', 'post_title' => 'News',
  'post_content' => '<!-- wp:latest-posts {"displayPostContent":true} /-->']);
`;

const isMissing = /^404/;
const isFound = /^200/;
const redirects = /^301/;

export const changes: readonly Change[] = [
  {
    change: "a draft is published",
    before: post("'post_status' => 'draft',"),
    code: "wp_update_post(['ID' => $id, 'post_status' => 'publish']);",
    old: isMissing,
    now: redirects,
  },
  {
    change: "a scheduled post is due",
    before: post(
      "'post_status' => 'future', 'post_date' => wp_date('Y-m-d H:i:s', time() + 3600),",
      "'/?p=' . $id",
    ),
    code: `$past = '2020-01-01 00:00:00';
      $wpdb->update($wpdb->posts, ['post_date' => $past, 'post_date_gmt' => $past], ['ID' => $id]);
      clean_post_cache($id);
      check_and_publish_future_post($id);`,
    old: isMissing,
    now: redirects,
  },
  {
    change: "a post goes to the trash",
    before: post(),
    code: "wp_trash_post($id);",
    old: isFound,
    now: isMissing,
  },
  {
    change: "a post returns from the trash",
    before: `${post()} wp_trash_post($id);`,
    code: "wp_untrash_post($id); wp_publish_post($id);",
    old: isMissing,
    now: isFound,
  },
  {
    change: "a post becomes private",
    before: post(),
    code: "wp_update_post(['ID' => $id, 'post_status' => 'private']);",
    old: isFound,
    now: isMissing,
  },
  {
    change: "a post gets another address",
    before: post(),
    code: "wp_update_post(['ID' => $id, 'post_name' => \"renamed-$id\"]);",
    old: isFound,
    now: redirects,
  },
  {
    change: "a post gets a password, and its excerpt leaves a page with a list",
    before: `${listingPage} ${post("'post_content' => 'a secret text',", "wp_make_link_relative(get_permalink($page))")}`,
    code: "wp_update_post(['ID' => $id, 'post_password' => 'tides']);",
    old: /a secret text/,
    now: /^200(?![^]*a secret text)/,
  },
  {
    change: "a comment is approved, in the feed of comments",
    before: `${postBeside("/comments/feed/")} update_option('held', wp_insert_comment(['comment_post_ID' => $id,
      'comment_content' => 'a held comment', 'comment_approved' => '0']));`,
    code: "wp_set_comment_status(get_option('held'), 'approve');",
    old: /^200(?![^]*a held comment)/,
    now: /a held comment/,
  },
  {
    change: "a picture is deleted, with its sizes",
    before: `require_once ABSPATH . 'wp-admin/includes/image.php';
      ob_start();
      imagepng(imagecreatetruecolor(200, 200));
      $file = wp_upload_bits('tides.png', null, ob_get_clean())['file'];
      $id = wp_insert_attachment(['post_mime_type' => 'image/png'], $file);
      wp_update_attachment_metadata($id, wp_generate_attachment_metadata($id, $file));
      echo $id, ' ', wp_make_link_relative(wp_get_attachment_image_url($id, 'thumbnail'));`,
    code: "wp_delete_attachment($id, true);",
    old: isFound,
    // WordPress appends a slash to a path without a file.
    now: redirects,
  },
  {
    change: "the site gets another name",
    before: postBeside("/"),
    code: "update_option('blogname', 'Tide tables of Brest');",
    old: /^200(?![^]*<title>Tide tables of Brest)/,
    now: /<title>Tide tables of Brest/,
  },
  {
    change: "a part of the theme is deleted",
    before: `$id = wp_insert_post(['post_type' => 'wp_template_part', 'post_status' => 'publish', 'post_name' => 'footer',
        'post_title' => 'Footer', 'post_content' => '<p>a footer of our own</p>']);
      wp_set_object_terms($id, get_stylesheet(), 'wp_theme');
      wp_set_object_terms($id, 'footer', 'wp_template_part_area');
      echo $id, ' /';`,
    code: "wp_delete_post($id, true);",
    old: /a footer of our own/,
    now: /^200(?![^]*a footer of our own)/,
  },
  {
    change: "the theme changes",
    before: `$folder = get_theme_root() . '/plain';
      is_dir($folder) || mkdir($folder);
      file_put_contents("$folder/style.css", '/* Theme Name: Plain */');
      file_put_contents("$folder/index.php", 'a plain theme');
      echo '0 /';`,
    code: "switch_theme('plain');",
    old: /^200(?![^]*a plain theme)/,
    now: /a plain theme/,
  },
];
