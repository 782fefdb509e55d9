import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendCallback;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * End-to-end latency at a fixed rate, open loop: each message has a moment at which it is due, whether or not the
 * broker keeps up, and its latency counts from that moment. RocketMQ's own benchmark programs print means only.
 *
 * <p>Arguments: name server, topic, body bytes, messages per second, seconds of warm-up, seconds of measurement.
 * Prints one line: latency p50=MS p99=MS p99.9=MS max=MS count=N sent=N failed=N
 */
public class RocketMqLatency {
    static final int DUE_BYTES = Long.BYTES;
    static final long LAST_MESSAGES_SECONDS = 10;

    public static void main(String[] arguments) throws Exception {
        final String nameServer = arguments[0];
        final String topic = arguments[1];
        final int bodyBytes = Math.max(DUE_BYTES, Integer.parseInt(arguments[2]));
        final int rate = Integer.parseInt(arguments[3]);
        final long warmUpMessages = (long) rate * Integer.parseInt(arguments[4]);
        final int measuredMessages = rate * Integer.parseInt(arguments[5]);

        final long[] latencyNanos = new long[measuredMessages];
        final AtomicInteger received = new AtomicInteger();
        final AtomicInteger failed = new AtomicInteger();
        final long begin = System.nanoTime() + TimeUnit.SECONDS.toNanos(8); // both clients are connected by then
        final long firstMeasured = begin + dueAfter(warmUpMessages, rate);

        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer("latency_readers");
        consumer.setNamesrvAddr(nameServer);
        consumer.subscribe(topic, "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            long now = System.nanoTime();
            for (MessageExt message : messages) {
                long due = ByteBuffer.wrap(message.getBody()).getLong();
                if (due >= firstMeasured) {
                    int index = received.getAndIncrement();
                    if (index < latencyNanos.length) {
                        latencyNanos[index] = now - due;
                    }
                }
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        DefaultMQProducer producer = new DefaultMQProducer("latency_writers");
        producer.setNamesrvAddr(nameServer);
        producer.start();

        SendCallback onAnswer = new SendCallback() {
            @Override
            public void onSuccess(SendResult result) {
            }

            @Override
            public void onException(Throwable error) {
                failed.incrementAndGet();
            }
        };
        long total = warmUpMessages + measuredMessages;
        for (long number = 0; number < total; number++) {
            long due = begin + dueAfter(number, rate);
            for (long wait = due - System.nanoTime(); wait > 0; wait = due - System.nanoTime()) {
                LockSupport.parkNanos(wait);
            }
            byte[] body = new byte[bodyBytes];
            ByteBuffer.wrap(body).putLong(due);
            producer.send(new Message(topic, body), onAnswer);
        }

        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LAST_MESSAGES_SECONDS);
        while (received.get() < measuredMessages && System.nanoTime() < deadline) {
            Thread.sleep(20);
        }
        int count = Math.min(received.get(), measuredMessages);
        Arrays.sort(latencyNanos, 0, count);
        System.out.printf("latency p50=%.3f p99=%.3f p99.9=%.3f max=%.3f count=%d sent=%d failed=%d%n",
            millis(latencyNanos, count, 0.5), millis(latencyNanos, count, 0.99), millis(latencyNanos, count, 0.999),
            millis(latencyNanos, count, 1.0), count, measuredMessages, failed.get());
        System.out.flush();
        System.exit(count == 0 ? 1 : 0);
    }

    static long dueAfter(long number, int rate) {
        return number * 1_000_000_000L / rate;
    }

    /** The latency that a share `quantile` of the sorted messages did not exceed. */
    static double millis(long[] sorted, int count, double quantile) {
        if (count == 0) {
            return Double.NaN;
        }
        return sorted[Math.max(0, (int) Math.ceil(quantile * count) - 1)] / 1e6;
    }
}
