import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.opensearch.common.settings.Settings;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.transport.Netty4Plugin;

/**
 * One OpenSearch node for tests, in the foreground until SIGTERM: SearchNode FOLDER PORT TRANSPORT-PORT.
 * It listens on loopback and keeps its data in FOLDER; "ready" on stdout ends the start. It has neither
 * users nor TLS: those are plugins that Maven Central does not have.
 */
public final class SearchNode extends Node {
    private SearchNode(Settings settings) {
        super(InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), null, () -> "test"),
            List.of(Netty4Plugin.class), false);
    }

    public static void main(String[] words) throws Exception {
        Files.createDirectories(Path.of(words[0], "config"));
        SearchNode node = new SearchNode(Settings.builder()
            .put("cluster.name", "test").put("node.name", "test").put("path.home", words[0])
            .put("discovery.type", "single-node").put("node.store.allow_mmap", false)
            .put("http.type", "netty4").put("transport.type", "netty4")
            .put("http.host", "127.0.0.1").put("http.port", words[1])
            .put("transport.host", "127.0.0.1").put("transport.port", words[2])
            // A full disk of the machine is not what is tested.
            .put("cluster.routing.allocation.disk.threshold_enabled", false)
            // Nothing is made by writing to it but by a template.
            .put("action.auto_create_index", "dk-*")
            .build());
        CountDownLatch over = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(over::countDown));
        node.start();
        System.out.println("ready");
        over.await();
        node.close();
    }
}
