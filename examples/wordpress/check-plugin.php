<?php
// Runs tidemark.php without WordPress: what it sends, and when it takes a purge for accepted.
//   php examples/wordpress/check-plugin.php

define('TIDEMARK_PURGE_URL', 'https://www.example.com/_cache/purge');
define('TIDEMARK_PURGE_SECRET', 'whsec_' . base64_encode('a secret of 24 bytes....'));
ini_set('error_log', '/dev/null');

$hooks = $options = $sent = [];
$answer = null;
function add_action(string $name, $do): void { $GLOBALS['hooks'][$name][] = $do; }
function add_filter(string $name, $do): void { add_action($name, $do); }
function add_option(string $name, string $value): void { $GLOBALS['options'][$name] = $value; }
function get_option(string $name) { return $GLOBALS['options'][$name] ?? false; }
function delete_option(string $name): void { unset($GLOBALS['options'][$name]); }
function wp_json_encode($value): string { return json_encode($value); }
function is_wp_error($value): bool { return false; }
function wp_remote_retrieve_response_code(array $answer): int { return $answer['status']; }
function wp_remote_retrieve_body(array $answer): string { return $answer['body']; }
function wp_remote_post(string $url, array $with): array { $GLOBALS['sent'][] = $with; return $GLOBALS['answer']; }
$wpdb = new class {
    public string $options = 'wp_options';
    public function prepare(string $sql): string { return $sql; }
    public function esc_like(string $text): string { return $text; }
    public function get_col(): array { return array_keys($GLOBALS['options']); }
};

require __DIR__ . '/tidemark.php';

function check(string $name, bool $is): void {
    echo $is ? "ok      $name\n" : "FAILED  $name\n";
    $GLOBALS['hasFailed'] = ($GLOBALS['hasFailed'] ?? false) || !$is;
}
function cron(): void { foreach ($GLOBALS['hooks']['tidemark_send_purges'] as $do) $do(); }
function age(int $seconds): void { // As if all rows were older by that.
    foreach ($GLOBALS['options'] as $row => $text) {
        delete_option($row);
        $at = (int) substr($row, strlen('tidemark_purge_'));
        add_option(str_replace((string) $at, (string) ($at - $seconds), $row), $text);
    }
}
$accepted = ['status' => 200, 'body' => '{"position":"1-0","visibleWithinSeconds":10}'];

\Tidemark\note(['site']);
\Tidemark\note(['site']);
check('the same tags are one purge', count($options) === 1);
age(200);

foreach ([
    'a page of another server' => ['status' => 200, 'body' => '<!doctype html>'],
    'nothing' => ['status' => 200, 'body' => ''],
    'a redirect' => ['status' => 302, 'body' => ''],
    'a wrong signature' => ['status' => 401, 'body' => '{}'],
    'a database that is away' => ['status' => 503, 'body' => '{}'],
] as $what => $answer) {
    cron();
    check("a purge is kept that is answered by $what", count($options) === 1);
}
check('no redirect is followed', $sent[0]['redirection'] === 0);

$answer = $accepted;
cron();
check('a purge that is accepted is kept no longer', $options === []);
$id = end($sent)['headers']['webhook-id'];
\Tidemark\send_own();
check('the end of its request sends it all the same', end($sent)['body'] === '{"tags":["site"],"reason":"WordPress"}');
check('as a purge of its own: what has changed since must go too', end($sent)['headers']['webhook-id'] !== $id);

$key = base64_decode(substr(TIDEMARK_PURGE_SECRET, 6));
['webhook-id' => $id, 'webhook-timestamp' => $at, 'webhook-signature' => $signature] = end($sent)['headers'];
$expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$at." . end($sent)['body'], $key, true));
check('it is signed', hash_equals($expected, $signature));
exit($hasFailed ? 1 : 0);
