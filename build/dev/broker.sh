# shellcheck shell=bash
# The broker of ./dev up: Apache Kafka, or dk-devbroker where there is no Java. Sourced by run.sh.
#
# Which of the two runs is remembered in $DK_RUN/broker; what Kafka keeps is in $DK_RUN/kafka.

# What setup_kafka would end with, said before anything is built, with the way around it.
dk_broker_possible() {
    dk_kafka_is_possible || dk_die "Apache Kafka needs Java 17 and Maven, and nobody here may install them.
Without Java there is a broker for a first look, with limits: ./dev up --broker mock"
}

dk_broker_setup() {
    case $1 in
    kafka) dk_kafka "$DK_KAFKA_VERSION" ;;
    mock) ;; # built with the programs
    esac
}

dk_broker_spawn() {
    case $1 in
    mock) dk_spawn kafka "$DK_OUT/release/bin/dk-devbroker" --port "$DK_KAFKA_PORT" ;;
    kafka)
        dk_port_free "$DK_CONTROLLER_PORT" "Kafka's controller"
        mkdir -p "$DK_RUN/kafka"
        cat >"$DK_RUN/kafka/node.properties" <<TEXT
node.id=1
controller.quorum.voters=1@127.0.0.1:$DK_CONTROLLER_PORT
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:$DK_KAFKA_PORT,CONTROLLER://127.0.0.1:$DK_CONTROLLER_PORT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
TEXT
        dk_spawn kafka "$DK_TOOLS/kafka-$DK_KAFKA_VERSION/run.sh" "$DK_RUN/kafka"
        ;;
    esac
}

# Both say in their log when clients may come.
dk_broker_is_healthy() {
    grep -qE 'Kafka Server started|dk-devbroker: ready on' "$DK_RUN/kafka.log" &&
        (exec 3<>"/dev/tcp/127.0.0.1/$DK_KAFKA_PORT") 2>/dev/null
}

# The limits of the mock are its own words.
dk_broker_tell() {
    [ "$1" = mock ] || return 0
    sed -n '/^dk-devbroker: ready on/,$p' "$DK_RUN/kafka.log" | tail -n +2 | sed 's/^/  /'
}
