namespace cafmq {
const int runtime_placeholder = 0;
}
