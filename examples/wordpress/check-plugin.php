<?php
// Tests tidemark.php without WordPress: the purges that it sends, and the answers that accept a purge.
//   php examples/wordpress/check-plugin.php

define('TIDEMARK_PURGE_URL', 'https://www.example.com/_cache/purge');
define('TIDEMARK_PURGE_SECRET', 'whsec_' . base64_encode('a secret of 24 bytes....'));
$log = tempnam(sys_get_temp_dir(), 'tidemark');
ini_set('error_log', $log);

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
function run_cron(): void { foreach ($GLOBALS['hooks']['tidemark_send_purges'] as $do) $do(); }
function age_rows(int $seconds): void {
    foreach ($GLOBALS['options'] as $row => $text) {
        delete_option($row);
        $at = (int) substr($row, strlen('tidemark_purge_'));
        add_option(str_replace((string) $at, (string) ($at - $seconds), $row), $text);
    }
}
$accepted = ['status' => 200, 'body' => '{"position":"1-0","visibleWithinSeconds":10}'];

\Tidemark\note(['site']);
\Tidemark\note(['site']);
check('two changes of the same tags write one row', count($options) === 1);
$answer = $accepted;
run_cron();
check('cron leaves a new row to its own request', $sent === []);
age_rows(200);

foreach ([
    'a page of another server' => ['status' => 200, 'body' => '<!doctype html>'],
    'an empty 200' => ['status' => 200, 'body' => ''],
    'a redirect' => ['status' => 302, 'body' => ''],
    '401' => ['status' => 401, 'body' => '{"error":{"why":"The signature matches no secret."}}'],
    '503' => ['status' => 503, 'body' => "<h1>\nbusy\n</h1>"],
] as $what => $answer) {
    run_cron();
    check("a purge stays after $what", count($options) === 1);
}
check('each failure is one line of the log', count(file($log)) === 5);
check('a 401 names the constant to check', str_contains(file($log)[3], 'matches no secret. Check TIDEMARK_PURGE_SECRET'));
check('no redirect is followed', $sent[0]['redirection'] === 0);

$answer = $accepted;
run_cron();
check('cron deletes a row once its purge is accepted', $options === []);
$id = end($sent)['headers']['webhook-id'];
\Tidemark\send_own_rows();
check('the request sends the purge again at its end', end($sent)['body'] === '{"tags":["site"],"reason":"WordPress"}');
check('that purge has a new id', end($sent)['headers']['webhook-id'] !== $id);

$key = base64_decode(substr(TIDEMARK_PURGE_SECRET, 6));
['webhook-id' => $id, 'webhook-timestamp' => $at, 'webhook-signature' => $signature] = end($sent)['headers'];
$expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$at." . end($sent)['body'], $key, true));
check('the signature is valid', hash_equals($expected, $signature));

\Tidemark\note(['post-1']);
age_rows(200);
$answer = ['status' => 400, 'body' => '{}'];
run_cron();
check('a refused purge is deleted', $options === []);

foreach (range(2, 500) as $post) \Tidemark\note(["post-$post"]);
check('many changes write at most a hundred rows', count($options) <= 100);
unlink($log);
exit($hasFailed ? 1 : 0);
