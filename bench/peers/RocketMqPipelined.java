import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendCallback;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.Message;

/**
 * Sends single messages asynchronously with a bounded number of unanswered ones. RocketMQ's own benchmark has an
 * asynchronous mode too, but that one has no bound: on two cores it soon sends only what times out.
 *
 * <p>Arguments: name server, topic, body bytes, unanswered messages at most, seconds of warm-up, of measurement.
 * Prints when the measurement begins and ends: begin, then end sent=N failed=N seconds=S
 */
public class RocketMqPipelined {
    public static void main(String[] arguments) throws Exception {
        final String topic = arguments[1];
        final byte[] body = new byte[Integer.parseInt(arguments[2])];
        final Semaphore window = new Semaphore(Integer.parseInt(arguments[3]));
        final long warmUpNanos = TimeUnit.SECONDS.toNanos(Integer.parseInt(arguments[4]));
        final long measuredNanos = TimeUnit.SECONDS.toNanos(Integer.parseInt(arguments[5]));

        final LongAdder sent = new LongAdder();
        final LongAdder failed = new LongAdder();
        SendCallback onAnswer = new SendCallback() {
            @Override
            public void onSuccess(SendResult result) {
                sent.increment();
                window.release();
            }

            @Override
            public void onException(Throwable error) {
                failed.increment();
                window.release();
            }
        };
        DefaultMQProducer producer = new DefaultMQProducer("pipelined_writers");
        producer.setNamesrvAddr(arguments[0]);
        producer.setCompressMsgBodyOverHowmuch(Integer.MAX_VALUE);
        producer.start();

        sendFor(warmUpNanos, producer, topic, body, window, onAnswer);
        sent.reset();
        failed.reset();
        System.out.println("begin");
        long begin = System.nanoTime();
        sendFor(measuredNanos, producer, topic, body, window, onAnswer);
        double seconds = (System.nanoTime() - begin) / 1e9;
        System.out.printf("end sent=%d failed=%d seconds=%.3f%n", sent.sum(), failed.sum(), seconds);
        System.out.flush();
        System.exit(0);
    }

    static void sendFor(long nanos, DefaultMQProducer producer, String topic, byte[] body, Semaphore window,
        SendCallback onAnswer) throws Exception {
        long deadline = System.nanoTime() + nanos;
        while (System.nanoTime() < deadline) {
            window.acquire();
            producer.send(new Message(topic, body), onAnswer);
        }
    }
}
