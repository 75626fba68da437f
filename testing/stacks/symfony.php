<?php
// Changes an article in Doctrine, rolls one change back, and runs Messenger's worker for each stored message.
use Doctrine\Bundle\DoctrineBundle\Attribute\AsDoctrineListener;
use Doctrine\DBAL\DriverManager;
use Doctrine\ORM\Configuration;
use Doctrine\ORM\EntityManager;
use Doctrine\ORM\Mapping as ORM;
use Doctrine\ORM\Mapping\Driver\AttributeDriver;
use Doctrine\ORM\Tools\SchemaTool;
use Symfony\Component\Messenger\Attribute\AsMessageHandler;
use Symfony\Component\Messenger\Bridge\Doctrine\Transport\Connection;
use Symfony\Component\Messenger\Bridge\Doctrine\Transport\DoctrineTransport;
use Symfony\Component\Messenger\Handler\HandlersLocator;
use Symfony\Component\Messenger\MessageBus;
use Symfony\Component\Messenger\MessageBusInterface;
use Symfony\Component\Messenger\Middleware\HandleMessageMiddleware;
use Symfony\Component\Messenger\Middleware\SendMessageMiddleware;
use Symfony\Component\Messenger\Stamp\ReceivedStamp;
use Symfony\Component\Messenger\Transport\Sender\SendersLocatorInterface;
use Symfony\Component\Messenger\Transport\Serialization\PhpSerializer;

require '/usr/share/php/Doctrine/ORM/autoload.php';
require '/usr/share/php/Symfony/Component/Messenger/autoload.php';
require '/usr/share/php/Symfony/Component/Messenger/Bridge/Doctrine/autoload.php';
require 'purge.php';

/* recipe */

#[ORM\Entity]
class Article
{
    #[ORM\Id, ORM\Column(type: 'integer'), ORM\GeneratedValue]
    public ?int $id = null;
    #[ORM\Column(type: 'string')]
    public string $title = 'Tides';
    public function getId(): ?int { return $this->id; }
}

$connection = DriverManager::getConnection(['driver' => 'pdo_sqlite', 'memory' => true]);
$configuration = new Configuration();
$configuration->setMetadataDriverImpl(new AttributeDriver([]));
$configuration->setProxyDir(__DIR__);
$configuration->setProxyNamespace('Proxies');
$entities = new EntityManager($connection, $configuration);
(new SchemaTool($entities))->createSchema([$entities->getClassMetadata(Article::class)]);
$transport = new DoctrineTransport(new Connection(['auto_setup' => true, 'table_name' => 'messages', 'queue_name' => 'async', 'redeliver_timeout' => 3600], $connection), new PhpSerializer());
$transport->setup();
$senders = new class($transport) implements SendersLocatorInterface {
    public function __construct(private DoctrineTransport $transport) {}
    public function getSenders($envelope): iterable { return ['async' => $this->transport]; }
};
$bus = new MessageBus([new SendMessageMiddleware($senders), new HandleMessageMiddleware(new HandlersLocator([Purge::class => [function (Purge $message) use (&$listener) { $listener->handle($message); }]]))]);
$listener = new PurgeListener($bus);
$entities->getEventManager()->addEventListener(['postPersist', 'postUpdate', 'preRemove', 'postRemove'], $listener);

$connection->beginTransaction();
$entities->persist(new Article());
$entities->flush();
$connection->rollBack();
$entities->clear();

$article = new Article();
$article->id = null;
$entities->persist($article);
$entities->flush();
$article->title = 'Tide tables';
$entities->flush();
$entities->remove($article);
$entities->flush();
$orders = [];
while ($envelope = [...$transport->get()][0] ?? null) {
    $orders[] = json_encode($envelope->getMessage()->order);
    if (count($orders) === 1) $bus->dispatch($envelope->with(new ReceivedStamp('async')));
    $transport->ack($envelope);
}
echo implode("\n", $orders);
