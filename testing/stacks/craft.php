<?php
// Renders the payload of the Craft recipe with Twig, which Craft uses, for an entry.
require '/usr/share/php/Twig/autoload.php';
$twig = new Twig\Environment(new Twig\Loader\ArrayLoader(['payload' => stream_get_contents(STDIN)]));
$entry = ['canonicalId' => 42, 'section' => ['handle' => 'news']];
echo $twig->render('payload', ['event' => ['sender' => $entry]]);
