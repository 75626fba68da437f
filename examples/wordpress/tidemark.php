<?php
/**
 * Plugin Name: Tidemark
 * Description: Tags pages with the posts that they show, and purges them in Tidemark when those change.
 *
 * Put it into wp-content/mu-plugins/, and set both constants in wp-config.php:
 *   define('TIDEMARK_PURGE_URL', 'https://www.example.com/_cache/purge');
 *   define('TIDEMARK_PURGE_SECRET', 'whsec_…');
 *
 * A purge is a row of wp_options from the change on, until Tidemark has accepted it. It is sent when
 * the request ends, and tried again once a minute by WP-Cron.
 */

namespace Tidemark;

/** Begins the names of the rows; behind it stand the second and a random text. */
const ROW = 'tidemark_purge_';
const TRY_EVENT = 'tidemark_send_purges';
/** By then the request that wrote a row has ended, or died. */
const OF_OTHERS_AFTER_SECONDS = 120;
/** Before others may send it: then there is always a row for what is changed. */
const AGAIN_AFTER_SECONDS = 60;

// ---- Tags: which posts does this page show? ----

add_action('init', function (): void {
    if (!is_admin() && !headers_sent()) {
        header('Surrogate-Key: site'); // Of what is no page: template_redirect is not reached there.
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
        // WordPress forbids to store it, and then anybody's random path costs a run of PHP. The route says how long.
        header_remove('Cache-Control');
        header_remove('Expires');
    } elseif (is_search()) {
        nocache_headers(); // There are more searches than anybody asks for twice.
    }
}, 0);
/** A feed that has not changed: without the field, Tidemark keeps the tags that it has. */
add_filter('status_header', function (string $line, int $code): string {
    if ($code === 304) {
        header_remove('Surrogate-Key');
    }
    return $line;
}, 10, 2);
/** `/?rest_route=…` has the path of the front page, so no route can pass it by. */
add_filter('rest_send_nocache_headers', '__return_true');

/** @return string[] `site` for every page, `post-ID` for each post that it is about, `lists` where there may be several */
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
    return $tags;
}

// ---- Changes: what is purged? ----

/** These are no pages, but stand on many. */
const PARTS = ['nav_menu_item', 'wp_template', 'wp_template_part', 'wp_block', 'wp_navigation', 'wp_global_styles', 'custom_css'];

add_action('transition_post_status', function (string $new, string $old, \WP_Post $post): void {
    if ($new !== 'publish' && $old !== 'publish') {
        return; // Nobody but its authors saw it.
    }
    if (in_array($post->post_type, PARTS, true)) {
        note(['site']);
    } elseif (is_post_type_viewable($post->post_type)) {
        // A post that comes or goes changes its neighbours' links and every list in a sidebar.
        note($new === $old ? ['post-' . $post->ID, 'lists'] : ['site']);
    }
}, 10, 3);
add_action('post_updated', function (int $id, \WP_Post $after, \WP_Post $before): void {
    $named = fn (\WP_Post $post) => [$post->post_title, $post->post_name, $post->post_date, $post->post_parent, $post->menu_order];
    if ($after->post_status === 'publish' && $before->post_status === 'publish'
        && is_post_type_viewable($after->post_type) && $named($after) !== $named($before)) {
        note(['site']);
    }
}, 10, 3);
add_action('delete_post', function (int $id, \WP_Post $post): void {
    if ($post->post_status === 'publish' && is_post_type_viewable($post->post_type)) {
        note(['site']);
    } elseif ($post->post_type === 'attachment') {
        note(['post-' . $id, 'lists']);
    }
}, 10, 2);

add_action('wp_insert_comment', function (int $id, \WP_Comment $comment): void {
    if ($comment->comment_approved === '1') {
        note(['post-' . $comment->comment_post_ID]);
    }
}, 10, 2);
add_action('transition_comment_status', function (string $new, string $old, \WP_Comment $comment): void {
    if ($new === 'approved' || $old === 'approved') {
        note(['post-' . $comment->comment_post_ID]);
    }
}, 10, 3);
add_action('edit_comment', function (int $id): void {
    note(['post-' . get_comment($id)->comment_post_ID]);
});

// What stands on every page.
foreach (['switch_theme', 'customize_save_after', 'wp_update_nav_menu', 'edited_term', 'delete_term', 'profile_update',
    'activated_plugin', 'deactivated_plugin', 'upgrader_process_complete', 'permalink_structure_changed'] as $hook) {
    add_action($hook, fn () => note(['site']));
}
add_action('updated_option', function (string $name): void {
    $shown = ['blogname', 'blogdescription', 'show_on_front', 'page_on_front', 'page_for_posts', 'posts_per_page',
        'sticky_posts', 'date_format', 'time_format', 'timezone_string', 'sidebars_widgets', 'site_icon'];
    if (in_array($name, $shown, true) || str_starts_with($name, 'widget_')) {
        note(['site']);
    }
});

// ---- Sending: a row for each purge, until its 200 ----

/**
 * Writes down at once what has changed, so that a crash does not lose it. In a long request, such as an
 * import, the same tags are written down again: the row from before may be sent and deleted by then.
 */
function note(array $tags): void
{
    static $noted = []; // When, by tag.
    $before = time() - AGAIN_AFTER_SECONDS;
    $new = array_values(array_filter($tags, fn ($tag) => ($noted[$tag] ?? 0) <= $before));
    if ($new === []) {
        return;
    }
    if ($noted === []) {
        // After all that this request still writes: the block editor sets terms and fields behind the post.
        add_action('shutdown', __NAMESPACE__ . '\send_own', 1000);
    }
    $noted = array_fill_keys($new, time()) + $noted;
    $row = ROW . time() . '_' . bin2hex(random_bytes(12));
    $body = wp_json_encode(['tags' => $new, 'reason' => 'WordPress']);
    add_option($row, $body, '', 'no');
    own([$row => $body]);
}

/** @return array<string, string> the purges of this request by their rows */
function own(array $more = []): array
{
    static $purges = [];
    return $purges += $more;
}

/**
 * Whatever has become of the rows. Each purge goes under an id of its own: one that WP-Cron has sent
 * already would count as this very purge, and what has changed since would stay.
 */
function send_own(): void
{
    if (function_exists('fastcgi_finish_request')) {
        fastcgi_finish_request(); // The editor need not wait.
    }
    send_rows(own(), fn () => 'msg_' . bin2hex(random_bytes(12)));
}

add_filter('cron_schedules', fn (array $all): array => $all + [
    'tidemark_minutely' => ['interval' => 60, 'display' => 'Once a minute'],
]);
add_action('init', function (): void {
    if (!wp_next_scheduled(TRY_EVENT)) {
        wp_schedule_event(time() + 60, 'tidemark_minutely', TRY_EVENT);
    }
});
/** What its request could not send. */
add_action(TRY_EVENT, function (): void {
    global $wpdb;
    $names = $wpdb->get_col($wpdb->prepare(
        "SELECT option_name FROM {$wpdb->options} WHERE option_name LIKE %s ORDER BY option_id LIMIT 50",
        $wpdb->esc_like(ROW) . '%'
    ));
    $before = time() - OF_OTHERS_AFTER_SECONDS;
    $rows = array_filter($names, fn ($row) => (int) substr($row, strlen(ROW)) <= $before);
    $purges = array_filter(array_combine($rows, array_map('get_option', $rows))); // Not what has gone meanwhile.
    send_rows($purges, fn (string $row) => 'msg_' . substr($row, strlen(ROW)));
});

/**
 * @param array<string, string> $purges by their rows, the oldest first
 * @param callable(string): string $id of the message for a row
 */
function send_rows(array $purges, callable $id): void
{
    if (!defined('TIDEMARK_PURGE_URL') || !defined('TIDEMARK_PURGE_SECRET')) {
        error_log('Tidemark: TIDEMARK_PURGE_URL and TIDEMARK_PURGE_SECRET are not both set, so nothing is purged.');
        return;
    }
    foreach ($purges as $row => $body) {
        [$status, $why] = send($id($row), $body);
        $isAccepted = $status === 200 && $why === '';
        $isRefused = in_array($status, [400, 409, 413], true);
        if ($isAccepted || $isRefused) {
            delete_option($row);
        }
        if (!$isAccepted) {
            error_log('Tidemark: a purge was ' . ($isRefused ? 'refused' : 'not accepted, and is sent again later') . ": $why");
        }
        if (!$isAccepted && !$isRefused) {
            return; // The others would fare alike.
        }
    }
}

/**
 * Signs as Standard Webhooks specifies.
 *
 * @return array{int, string} the status, 0 if there is none, and what came with it; empty where it was accepted
 */
function send(string $id, string $body): array
{
    $at = (string) time();
    $key = base64_decode(substr(TIDEMARK_PURGE_SECRET, strlen('whsec_')));
    $signature = base64_encode(hash_hmac('sha256', "$id.$at.$body", $key, true));
    $answer = wp_remote_post(TIDEMARK_PURGE_URL, [
        'timeout' => 5,
        'redirection' => 0, // It would be followed by GET, and the page there is no acceptance.
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
    if ($status === 200) {
        // Any page of any server answers so.
        $isAccepted = is_string(json_decode($text, true)['position'] ?? null);
        return [$status, $isAccepted ? '' : '200 without a position: is TIDEMARK_PURGE_URL right?'];
    }
    return [$status, "$status " . substr($text, 0, 300)];
}
