import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Keeps a table of licenses, and counts what happened, from Keyledger's events over Kafka. Each event has its effect once,
 * whenever this is killed: the effect and the note that it was had are one transaction; Kafka's offsets follow after it.
 * Run it with {@code mvn dependency:copy-dependencies && java -cp 'target/dependency/*' LicenseTable.java}. The table is in SQLite.
 */
public final class LicenseTable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Connection db;
  private final PreparedStatement see;
  private final PreparedStatement count;
  private final PreparedStatement keep;

  private LicenseTable(Connection db) throws SQLException {
    this.db = db;
    try (Statement statement = db.createStatement()) {
      statement.execute("pragma busy_timeout = 5000"); // First: the next line takes a lock.
      statement.execute("pragma journal_mode = wal");
      statement.execute("create table if not exists seen (id text primary key)");
      statement.execute(
          "create table if not exists licenses (id text primary key, status text not null, version integer not null)");
      statement.execute("create table if not exists happened (type text primary key, count integer not null)");
    }
    see = db.prepareStatement("insert or ignore into seen (id) values (?)");
    count = db.prepareStatement(
        "insert into happened (type, count) values (?, 1) on conflict (type) do update set count = count + 1");
    keep = db.prepareStatement(
        "insert into licenses (id, status, version) values (?, ?, ?) on conflict (id) do update"
            + " set status = excluded.status, version = excluded.version where version < excluded.version");
    db.setAutoCommit(false);
  }

  public static void main(String[] args) throws Exception {
    int sessionTimeout = Integer.parseInt(env("SESSION_TIMEOUT_MS", "10000"));
    Map<String, Object> settings = Map.of(
        "bootstrap.servers", env("KAFKA_BROKERS", "localhost:9092"),
        "group.id", env("GROUP", "my-team.license-table"),
        "auto.offset.reset", "earliest",
        "enable.auto.commit", false,
        "session.timeout.ms", sessionTimeout,
        "heartbeat.interval.ms", sessionTimeout / 3);
    try (Connection db = DriverManager.getConnection("jdbc:sqlite:" + env("DATABASE", "licenses.sqlite"));
        var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer())) {
      Thread main = Thread.currentThread();
      Runtime.getRuntime().addShutdownHook(new Thread(() -> {
        consumer.wakeup();
        try {
          main.join();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }));
      LicenseTable table = new LicenseTable(db);
      consumer.subscribe(List.of(env("TOPIC", "keyledger.licensing")));
      while (true) {
        ConsumerRecords<String, byte[]> batch = consumer.poll(Duration.ofMillis(500));
        if (batch.isEmpty()) continue;
        table.takeBatch(batch);
        // Should this fail, the batch comes again and is known.
        consumer.commitSync();
      }
    } catch (WakeupException asked) {
      // Somebody has asked us to stop.
    }
  }

  private void takeBatch(ConsumerRecords<String, byte[]> batch) throws Exception {
    try {
      for (ConsumerRecord<String, byte[]> message : batch) take(message);
      db.commit();
    } catch (Exception e) {
      db.rollback();
      throw e;
    }
  }

  private void take(ConsumerRecord<String, byte[]> message) throws Exception {
    if (!attribute(message, "specversion").equals("1.0") || message.value() == null) {
      System.err.println("offset " + message.offset() + " holds no CloudEvent 1.0: passed over");
      return;
    }
    // The same event may come again: when Keyledger or this was killed, or when somebody republishes.
    see.setString(1, attribute(message, "id"));
    if (see.executeUpdate() == 0) return;
    String type = attribute(message, "type");
    count.setString(1, type);
    count.executeUpdate();
    // Types and fields that did not exist when this was written are none of our business.
    JsonNode status = JSON.readTree(message.value()).path("status");
    if (type.startsWith("license.") && status.isTextual()) {
      keep.setString(1, attribute(message, "subject"));
      keep.setString(2, status.textValue());
      keep.setLong(3, Long.parseLong(attribute(message, "streamversion")));
      keep.executeUpdate();
    }
  }

  /** A CloudEvent in binary mode: its attributes are headers, its data is the value. */
  private static String attribute(ConsumerRecord<String, byte[]> message, String name) {
    Header header = message.headers().lastHeader("ce_" + name);
    return header == null ? "" : new String(header.value(), StandardCharsets.UTF_8);
  }

  private static String env(String name, String fallback) {
    String value = System.getenv(name);
    return value == null ? fallback : value;
  }
}
