<?php
/**
 * Plugin Name: Tidemark
 * Description: Tags pages with the posts that they show, and purges them in Tidemark when those posts change.
 *
 * Put this file into wp-content/mu-plugins/, and set both constants in wp-config.php:
 *   define('TIDEMARK_PURGE_URL', 'https://www.example.com/_cache/purge');
 *   define('TIDEMARK_PURGE_SECRET', 'whsec_…');
 *
 * A change writes its purge into a row of wp_options. The request sends its rows at its end, and
 * deletes those that Tidemark accepts. WP-Cron sends the remaining rows, once a minute.
 */

namespace Tidemark;

/** The prefix of a row's name. A Unix time and a random text follow it. */
const ROW = 'tidemark_purge_';
const CRON_EVENT = 'tidemark_send_purges';
/** The age from which WP-Cron sends a row. By then, its request has usually ended or died. */
const CRON_SENDS_AFTER_SECONDS = 120;
/** Until then, a row covers further changes of its tags. WP-Cron must not send the row earlier. */
const NEW_ROW_AFTER_SECONDS = 60;
/** Beyond these tags, a request purges the site instead of sending more rows. */
const TAGS_MAX = 100;

// ---- Tags: the posts on this page ----

add_action('init', function (): void {
    if (!is_admin() && !headers_sent()) {
        header('Surrogate-Key: site'); // For responses without template_redirect, which are not pages.
    }
});
add_action('template_redirect', function (): void {
    if (headers_sent()) {
        return;
    }
    header('Surrogate-Key: ' . implode(' ', page_tags()));
    if (is_user_logged_in()) {
        return;
    }
    if (is_404()) {
        // WordPress sends no-cache, so each random path would cost a run of PHP. The route sets the lifetime.
        header_remove('Cache-Control');
        header_remove('Expires');
    } elseif (is_search()) {
        nocache_headers(); // Searches rarely repeat.
    }
}, 0);
/** A 304 for an unchanged feed must not replace the stored tags. Without the field, Tidemark keeps them. */
add_filter('status_header', function (string $line, int $code): string {
    if ($code === 304) {
        header_remove('Surrogate-Key');
    }
    return $line;
}, 10, 2);
/** `/?rest_route=…` has the path of the front page, so no route can bypass the cache for it. */
add_filter('rest_send_nocache_headers', '__return_true');

/** @return string[] `site`, `post-ID` for each post on the page, `lists` if the page may list posts, `comments` for feeds of comments */
function page_tags(): array
{
    global $wp_query;
    $tags = ['site'];
    foreach ($wp_query->posts ?? [] as $post) {
        $tags[] = 'post-' . (is_object($post) ? $post->ID : $post);
    }
    if (!is_singular()) {
        $tags[] = 'lists';
    }
    if (is_comment_feed()) {
        $tags[] = 'comments';
    }
    return $tags;
}

// ---- Changes: the tags to purge ----

/** Post types without pages, which are parts of many pages. */
const PARTS = ['nav_menu_item', 'wp_template', 'wp_template_part', 'wp_block', 'wp_navigation', 'wp_global_styles', 'custom_css'];

function is_part(\WP_Post $post): bool
{
    return in_array($post->post_type, PARTS, true);
}

function is_visible(\WP_Post $post): bool
{
    return $post->post_status === 'publish' && (is_part($post) || is_post_type_viewable($post->post_type));
}

add_action('transition_post_status', function (string $new, string $old, \WP_Post $post): void {
    if ($new !== 'publish' && $old !== 'publish') {
        return; // Only its authors saw it.
    }
    if (is_part($post)) {
        note(['site']);
    } elseif (is_post_type_viewable($post->post_type)) {
        // Publishing or hiding a post also changes its neighbours' links and every list in a sidebar.
        note($new === $old ? ['post-' . $post->ID, 'lists'] : ['site']);
    }
}, 10, 3);
add_action('post_updated', function (int $id, \WP_Post $after, \WP_Post $before): void {
    // Other pages show these fields. A new password must also remove excerpts there.
    $shared = fn (\WP_Post $post) => [$post->post_title, $post->post_name, $post->post_date, $post->post_parent,
        $post->menu_order, $post->post_password];
    if (is_visible($after) && is_visible($before) && $shared($after) !== $shared($before)) {
        note(['site']);
    }
}, 10, 3);
add_action('delete_post', function (int $id, \WP_Post $post): void {
    if (is_visible($post)) {
        note(['site']);
    } elseif ($post->post_type === 'attachment') {
        note(['post-' . $id, 'lists']);
    }
}, 10, 2);
add_action('edit_attachment', fn (int $id) => note(['post-' . $id, 'lists']));
/** Files have no tags. The sizes of `tide.jpg` have names such as `tide-300x200.jpg`. */
add_action('delete_attachment', function (int $id): void {
    $path = wp_parse_url(wp_get_original_image_url($id) ?: (string) wp_get_attachment_url($id), PHP_URL_PATH);
    if ($path) {
        write_row(['prefixes' => [$path, preg_replace('/\.\w+$/', '-', $path)]]);
    }
});

add_action('wp_insert_comment', function (int $id, \WP_Comment $comment): void {
    if ($comment->comment_approved === '1') {
        note(['post-' . $comment->comment_post_ID, 'comments']);
    }
}, 10, 2);
add_action('transition_comment_status', function (string $new, string $old, \WP_Comment $comment): void {
    if ($new === 'approved' || $old === 'approved') {
        note(['post-' . $comment->comment_post_ID, 'comments']);
    }
}, 10, 3);
add_action('edit_comment', fn (int $id) => note(['post-' . get_comment($id)->comment_post_ID, 'comments']));

// Changes that every page may show.
foreach (['switch_theme', 'customize_save_after', 'wp_update_nav_menu', 'edited_term', 'delete_term', 'deleted_user', 'activated_plugin',
    'deactivated_plugin', 'upgrader_process_complete', 'permalink_structure_changed'] as $hook) {
    add_action($hook, fn () => note(['site']));
}
/** Each settings screen saves to options.php. */
add_action('load-options.php', fn () => current_user_can('manage_options') && note(['site']));
/** Pages show authors, but not subscribers or customers. */
add_action('profile_update', fn (int $id) => user_can($id, 'edit_posts') && note(['site']));
foreach (['added_option', 'updated_option', 'deleted_option'] as $hook) {
    add_action($hook, function (string $name): void {
        $shown = ['blogname', 'blogdescription', 'show_on_front', 'page_on_front', 'page_for_posts', 'posts_per_page', 'sticky_posts',
            'date_format', 'time_format', 'timezone_string', 'sidebars_widgets', 'site_icon', 'category_base', 'tag_base'];
        if (in_array($name, $shown, true) || str_starts_with($name, 'widget_') || str_starts_with($name, 'theme_mods_')) {
            note(['site']);
        }
    });
}

// ---- Sending: a row for each purge until its 200 ----

/**
 * Purges tags. The row is written at once, so that a crash does not lose the purge. A long request,
 * such as an import, writes more rows for the same tags, because WP-Cron may have sent the first one.
 */
function note(array $tags): void
{
    static $notedAt = []; // By tag.
    if (count($notedAt) >= TAGS_MAX) {
        $tags = ['site'];
    }
    $before = time() - NEW_ROW_AFTER_SECONDS;
    $new = array_values(array_filter($tags, fn ($tag) => ($notedAt[$tag] ?? 0) <= $before));
    if ($new !== []) {
        $notedAt = array_fill_keys($new, time()) + $notedAt;
        write_row(['tags' => $new]);
    }
}

/** @param array<string, string[]> $targets such as `['tags' => ['site']]` */
function write_row(array $targets): void
{
    if (own_rows() === []) {
        // Last, because the block editor writes terms and fields after the post.
        add_action('shutdown', __NAMESPACE__ . '\send_own_rows', 1000);
    }
    $row = ROW . time() . '_' . bin2hex(random_bytes(12));
    $body = wp_json_encode($targets + ['reason' => 'WordPress']);
    add_option($row, $body, '', 'no');
    own_rows([$row => $body]);
}

/** @return array<string, string> the purges of this request, by row */
function own_rows(array $more = []): array
{
    static $purges = [];
    return $purges += $more;
}

/**
 * Sends the rows of this request, including those that WP-Cron has sent meanwhile. Each purge has a
 * new id. With the id that WP-Cron used, Tidemark would not purge what has changed since.
 */
function send_own_rows(): void
{
    if (function_exists('fastcgi_finish_request')) {
        fastcgi_finish_request(); // The editor does not wait.
    }
    send_rows(own_rows(), fn () => 'msg_' . bin2hex(random_bytes(12)));
}

add_filter('cron_schedules', fn (array $all): array => $all + [
    'tidemark_minutely' => ['interval' => 60, 'display' => 'Once a minute'],
]);
add_action('init', function (): void {
    if (!wp_next_scheduled(CRON_EVENT)) {
        wp_schedule_event(time() + 60, 'tidemark_minutely', CRON_EVENT);
    }
});
/** Sends the rows that their own requests could not send. */
add_action(CRON_EVENT, function (): void {
    global $wpdb;
    $names = $wpdb->get_col($wpdb->prepare(
        "SELECT option_name FROM {$wpdb->options} WHERE option_name LIKE %s ORDER BY option_id LIMIT 50",
        $wpdb->esc_like(ROW) . '%'
    ));
    $before = time() - CRON_SENDS_AFTER_SECONDS;
    $rows = array_filter($names, fn ($row) => (int) substr($row, strlen(ROW)) <= $before);
    $purges = array_filter(array_combine($rows, array_map('get_option', $rows))); // Without rows deleted meanwhile.
    send_rows($purges, fn (string $row) => 'msg_' . substr($row, strlen(ROW)));
});

/**
 * Sends purges until one is not accepted. Logs each one that is not.
 *
 * @param array<string, string> $purges by row, the oldest first
 * @param callable(string): string $id returns the message id for a row
 */
function send_rows(array $purges, callable $id): void
{
    if (!defined('TIDEMARK_PURGE_URL') || !defined('TIDEMARK_PURGE_SECRET')) {
        error_log('Tidemark: nothing is purged. Set TIDEMARK_PURGE_URL and TIDEMARK_PURGE_SECRET in wp-config.php.');
        return;
    }
    foreach ($purges as $row => $body) {
        [$status, $why] = send($id($row), $body);
        if ($why === null) {
            delete_option($row);
        } elseif (in_array($status, [400, 409, 413], true)) {
            delete_option($row);
            error_log("Tidemark: a purge was refused and deleted: $why");
        } else {
            error_log("Tidemark: a purge was not accepted. WP-Cron sends it again: $why");
            return; // The other purges would fail as well.
        }
    }
}

/**
 * Sends one purge, signed by Standard Webhooks.
 *
 * @return array{int, ?string} the status, or 0 without a response; and why the purge was not accepted, or null
 */
function send(string $id, string $body): array
{
    $at = (string) time();
    $key = base64_decode(substr(TIDEMARK_PURGE_SECRET, strlen('whsec_')));
    $signature = base64_encode(hash_hmac('sha256', "$id.$at.$body", $key, true));
    $answer = wp_remote_post(TIDEMARK_PURGE_URL, [
        'timeout' => 5,
        'redirection' => 0, // A redirect would become a GET, and its 200 would not accept the purge.
        'headers' => [
            'content-type' => 'application/json',
            'webhook-id' => $id,
            'webhook-timestamp' => $at,
            'webhook-signature' => "v1,$signature",
        ],
        'body' => $body,
    ]);
    if (is_wp_error($answer)) {
        return [0, $answer->get_error_message()];
    }
    $status = (int) wp_remote_retrieve_response_code($answer);
    $text = wp_remote_retrieve_body($answer);
    $json = json_decode($text, true);
    if ($status === 200) {
        // Other servers may also answer with 200.
        return [$status, is_string($json['position'] ?? null) ? null : '200 without a position. Check TIDEMARK_PURGE_URL.'];
    }
    $why = $json['error']['why'] ?? preg_replace('/\s+/', ' ', substr($text, 0, 300));
    $hint = $status === 401 ? 'Check TIDEMARK_PURGE_SECRET, and the clock of this server.' : $json['error']['hint'] ?? '';
    // Any server may have written these texts, and they go into a log.
    return [$status, preg_replace('/[^[:print:]]/', '?', trim("$status $why $hint"))];
}
