# shellcheck shell=bash
# Sourced by DevStack once for each phase, as: plugin.sh stack PHASE, plugin.sh
# unstack, plugin.sh clean. What has its moment between these phases (cinder.conf,
# accounts, database, start, stop) is in lib/clinker, where stack.sh calls it.

if is_service_enabled cinder; then
    case "$1 $2" in
        "stack pre-install")
            echo_summary "Installing what builds Clinker"
            clinker_install_tools
            clinker_install_database
            ;;
        "stack install")
            echo_summary "Building Clinker"
            clinker_build
            ;;
        "stack post-config")
            # The last look before the services start: the program finds its database
            # through the cinder.conf that was written, and knows its schema.
            clinker_check
            ;;
        "stack extra")
            echo_summary "Waiting for the backends of Clinker"
            clinker_wait
            ;;
        "stack test-config")
            if is_service_enabled tempest; then
                echo_summary "Telling Tempest what Clinker can do"
                clinker_configure_tempest
            fi
            ;;
        "unstack ")
            # unstack.sh calls stop_cinder and cleanup_cinder once Nova has let
            # go of its volumes.
            ;;
        "clean ")
            clinker_clean
            ;;
    esac
fi
