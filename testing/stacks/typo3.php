<?php
// Calls the class of the TYPO3 recipe as TYPO3 12's DataHandler and its stack of middlewares do.
interface MiddlewareInterface {}
interface RequestHandlerInterface {}
class ServerRequestInterface
{
    public function getAttribute(string $name): object
    {
        return new class { public function getPageId(): int { return 12; } };
    }
}
class ResponseInterface
{
    public function withAddedHeader(string $name, string $value): static { echo "$name: $value\n"; return $this; }
}

require 'purge.php';

/* recipe */

$handler = new class implements RequestHandlerInterface {
    public function handle(): ResponseInterface { return new ResponseInterface(); }
};
$purges = new Purges();
$purges->process(new ServerRequestInterface(), $handler);
$purges->collect(['table' => 'tt_content', 'uid' => 7, 'tags' => []]);
$purges->collect(['table' => 'tt_content', 'uid' => 7, 'tags' => ['pageId_12' => true, 'tt_content' => true]]);
$purges->collect(['table' => 'pages', 'uid' => 12, 'tags' => ['pageId_12' => true, 'pageId_1' => true]]);
$purges->collect(['cacheCmd' => 'cachetag:news', 'tags' => ['news']]);
if (isset($argv[1])) $purges->collect(['cacheCmd' => $argv[1], 'tags' => []]);
echo "TYPO3 clears its caches.\n";
